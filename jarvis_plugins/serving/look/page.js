// What the page does without asking the server: uploads, keys, the side panel of a narrow window.
(() => {
  "use strict";
  const find = (selector) => document.querySelector(selector);
  const shell = () => find(".shell");
  const tray = () => (find(".sheet.teach") ? "teach" : "ask");

  async function upload(file, into) {
    const answer = await fetch(`/upload/${shell().dataset.desk}/${into}`, {
      method: "POST",
      headers: { "X-Name": encodeURIComponent(file.name || "picture"), "Content-Type": "application/octet-stream" },
      body: file,
    });
    if (answer.status === 401) location.href = "/login";
    return (await answer.json().catch(() => ({ error: "The upload failed; try again." }))).error;
  }

  async function bring(files, into) {
    const errors = [];
    document.body.classList.add("bringing");
    for (const file of files) {
      if (file.size > Number(shell().dataset.most)) {
        emitEvent("refused", file.name);
        continue;
      }
      try {
        const error = await upload(file, into);
        if (error) errors.push(error);
      } catch {
        errors.push("The upload failed; check that the server still runs, and try again.");
      }
    }
    document.body.classList.remove("bringing");
    emitEvent("brought", { tray: into, errors });
    if (into === "ask") find("#words")?.focus();
  }

  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const dragging = (on) => document.body.classList.toggle("dragging", on);
  document.addEventListener("dragenter", (event) => {
    if (carries(event)) dragging(++depth > 0);
  });
  document.addEventListener("dragleave", (event) => {
    if (carries(event)) dragging(--depth > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (carries(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    dragging(false);
    bring([...event.dataTransfer.files], tray());
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      bring(files, tray());
    }
  });
  document.addEventListener("change", (event) => {
    const into = event.target.dataset?.tray;
    if (!into) return;
    const files = [...event.target.files];
    event.target.value = "";
    bring(files, into);
  });

  const grow = (area) => {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 200)}px`;
  };
  document.addEventListener("input", (event) => {
    if (event.target.id === "words") grow(event.target);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !find(".q-dialog")) window.jarvis.album(false);
  });

  // The newest words stay in view, unless somebody has scrolled up to read.
  let low = true;
  document.addEventListener(
    "scroll",
    (event) => {
      const box = event.target;
      if (box.id === "scroll") low = box.scrollHeight - box.scrollTop - box.clientHeight < 160;
    },
    true,
  );
  const follow = () => {
    const box = find("#scroll");
    if (box && low) box.scrollTop = box.scrollHeight;
  };
  new MutationObserver(follow).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
  document.addEventListener("load", follow, true);

  window.jarvis = {
    send(emit) {
      const area = find("#words");
      const silent = !area.value.trim() && !find(".composer .thumb");
      if (shell().classList.contains("busy") || silent) return area.focus();
      low = true;
      emit(area.value);
      area.value = "";
      grow(area);
      area.focus();
    },
    enter(event, emit) {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send(emit);
    },
    album(open) {
      const was = shell().classList.contains("album-shown");
      shell().classList.toggle("album-shown", open);
      if (open) find(".album .close").focus();
      else if (was) find(".album-open").focus();
    },
    card(id) {
      if (matchMedia("(max-width: 900px)").matches) this.album(true);
      const card = document.getElementById(`c${id}`);
      if (!card) return;
      card.open = true;
      card.scrollIntoView({ block: "nearest" });
      card.querySelector("summary").focus();
    },
  };
})();
