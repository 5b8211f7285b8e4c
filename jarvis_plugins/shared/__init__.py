"""What several plug-ins need, and no framework: vector tables, their folders, recollections, embeddings."""
