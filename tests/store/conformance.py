"""What every catalogue must do; a test class inherits this and gives `catalogue`."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from jarvis_memory.store import BlobRef, Catalogue, ConceptRows, SegmentRow
from jarvis_retrievers.errors import (
    DuplicateConceptError,
    InputError,
    UnknownConceptError,
)
from tests.store.drafts import draft, matrix_of


def blob(number: int) -> BlobRef:
    return BlobRef(f"{number:032x}", 100 + number, f"{number:064x}")


def rows(owner: str, number: int, name: str = "", seed: int = 0, **shape: int) -> ConceptRows:
    value = draft(name or f"Concept {number}", seed or number, **shape)  # type: ignore[arg-type]
    return value.rows(owner, f"{number:032x}", [blob(number * 10 + n) for n in range(len(value.photos))])


class CatalogueConformance:
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        raise NotImplementedError

    def test_what_is_added_comes_back(self, catalogue: Catalogue) -> None:
        given = rows("ana", 1, aliases=("Bobo",))  # type: ignore[arg-type]
        added = catalogue.add("ana", given)
        assert added.created == added.updated > 0
        assert [p.id for p in added.patches] == sorted({p.id for p in added.patches} - {0})
        sequence = {"created": added.created, "updated": added.updated, "patches": added.patches}
        assert added == given.concept.model_copy(update=sequence)
        assert [p.model_copy(update={"id": 0}) for p in added.patches] == list(given.concept.patches)
        assert catalogue.concept("ana", added.id) == added
        assert catalogue.named("ana", "concept 1") == added
        assert catalogue.concepts("ana") == (added,)
        for photo, expected in zip(added.photos, given.blobs, strict=True):
            assert catalogue.photo("ana", photo.id) == (added.id, expected)

    def test_the_number_of_the_last_change(self, catalogue: Catalogue) -> None:
        one, two = (catalogue.add("ana", rows("ana", number)) for number in (1, 2))
        assert [catalogue.updated("ana", concept.id) for concept in (one, two)] == [one.updated, two.updated]
        again, _ = catalogue.replace("ana", rows("ana", 1))
        assert catalogue.updated("ana", one.id) == again.updated > two.updated
        assert catalogue.updated("ben", one.id) is None
        assert catalogue.updated("ana", f"{9:032x}") is None
        catalogue.tombstone("ana", one.id)
        assert catalogue.updated("ana", one.id) is None

    def test_a_setting_of_the_home(self, catalogue: Catalogue) -> None:
        assert catalogue.setting("kv") is None
        catalogue.put_setting("kv", "int8")
        catalogue.put_setting("gate/1", "łódź")
        catalogue.put_setting("kv", "bf16")
        assert (catalogue.setting("kv"), catalogue.setting("gate/1")) == ("bf16", "łódź")
        catalogue.delete_owner("ana")
        catalogue.put_setting("kv", None)
        assert (catalogue.setting("kv"), catalogue.setting("gate/1")) == (None, "łódź")

    def test_vectors_are_the_fp16_rows_by_id(self, catalogue: Catalogue) -> None:
        first = catalogue.add("ana", rows("ana", 1))
        second = catalogue.add("ana", rows("ana", 2, profiles=2, patches=1))
        catalogue.add("ben", rows("ben", 3))
        table = catalogue.vectors("ana")
        assert table.ids.dtype == np.int64
        assert table.matrix.dtype == np.float32
        np.testing.assert_array_equal(
            table.matrix,
            np.concatenate([matrix_of(draft(seed=1)), matrix_of(draft(seed=2, profiles=2, patches=1))]),
        )
        assert table.concept_ids == (first.id,) * 4 + (second.id,) * 3
        assert table.kinds == ("patch",) * 3 + ("profile",) + ("patch",) + ("profile",) * 2
        assert [p.id for c in (first, second) for p in c.patches] == [
            int(i) for i, kind in zip(table.ids, table.kinds, strict=True) if kind == "patch"
        ]

    def test_vectors_of_some_concepts(self, catalogue: Catalogue) -> None:
        concepts = [catalogue.add("ana", rows("ana", number)) for number in range(1, 4)]
        other = catalogue.add("ben", rows("ben", 5))
        whole = catalogue.vectors("ana")
        for wanted in ([], [1], [0, 2], [0, 1, 2]):
            ids = {concepts[number].id for number in wanted}
            table = catalogue.vectors("ana", [*ids, "nobody", other.id])
            keep = [row for row, concept in enumerate(whole.concept_ids) if concept in ids]
            assert table.ids.tolist() == whole.ids[keep].tolist()
            assert table.concept_ids == tuple(whole.concept_ids[row] for row in keep)
            assert table.kinds == tuple(whole.kinds[row] for row in keep)
            assert table.matrix.tolist() == whole.matrix[keep].tolist()
        # So many that they are not named one by one.
        many = [concepts[1].id, *(f"nobody {number}" for number in range(400))]
        assert set(catalogue.vectors("ana", many).concept_ids) == {concepts[1].id}
        assert catalogue.vectors("ana", []).matrix.shape == (0, 0)

    def test_ids_and_segments_of_a_concept(self, catalogue: Catalogue) -> None:
        first, second = (catalogue.add("ana", rows("ana", number)) for number in (1, 2))
        catalogue.add("ben", rows("ben", 3))
        assert catalogue.ids("ana") == (first.id, second.id)
        assert catalogue.ids("nobody") == ()
        assert catalogue.versions("ana") == ((first.id, first.updated), (second.id, second.updated))
        assert catalogue.versions("nobody") == ()
        made = [SegmentRow(first.id, name, first.updated, 5, blob(90 + n)) for n, name in enumerate("fg")]
        for row in made:
            catalogue.put_segment("ana", row)
        assert set(catalogue.segments("ana", first.id)) == set(made)
        assert catalogue.segments("ana", second.id) == catalogue.segments("ben", first.id) == ()
        catalogue.tombstone("ana", first.id)
        assert catalogue.ids("ana") == (second.id,)
        assert catalogue.versions("ana") == ((second.id, second.updated),)

    def test_no_vectors(self, catalogue: Catalogue) -> None:
        catalogue.add("ana", rows("ana", 1, patches=0, profiles=0))
        table = catalogue.vectors("ana")
        assert (table.ids.shape, table.matrix.shape, table.kinds) == ((0,), (0, 0), ())

    def test_vector_ids_are_unique_in_the_home_and_never_used_again(self, catalogue: Catalogue) -> None:
        seen: list[int] = []
        for number in range(1, 6):
            owner = ("ana", "ben")[number % 2]
            concept = catalogue.add(owner, rows(owner, number))
            seen += [int(i) for i in catalogue.vectors(owner).ids if int(i) not in seen]
            catalogue.tombstone(owner, concept.id)
            catalogue.erase(owner, [concept.id])
        assert len(seen) == len(set(seen)) == 5 * 4
        assert seen == sorted(seen)

    def test_a_name_is_taken_once_per_owner(self, catalogue: Catalogue) -> None:
        catalogue.add("ana", rows("ana", 1, name="Bo"))
        with pytest.raises(DuplicateConceptError, match="'BO'"):
            catalogue.add("ana", rows("ana", 2, name="BO"))
        assert len(catalogue.concepts("ana")) == 1
        assert catalogue.add("ben", rows("ben", 2, name="Bo")).name == "Bo"

    def test_a_vector_of_another_length_is_refused(self, catalogue: Catalogue) -> None:
        catalogue.add("ana", rows("ana", 1, dim=8))
        with pytest.raises(InputError, match="have 8 numbers, got 6"):
            catalogue.add("ana", rows("ana", 2, dim=6))
        assert len(catalogue.concepts("ana")) == 1
        assert catalogue.add("ben", rows("ben", 2, dim=6)).owner == "ben"

    def test_replaced_vectors_may_mix_until_all_are_replaced(self, catalogue: Catalogue) -> None:
        for number in (1, 2):
            catalogue.add("ana", rows("ana", number, dim=8))
        catalogue.replace("ana", rows("ana", 1, dim=6))
        with pytest.raises(InputError, match="6 and 8 numbers"):
            catalogue.vectors("ana")
        catalogue.replace("ana", rows("ana", 2, dim=6))
        assert catalogue.vectors("ana").matrix.shape == (8, 6)

    def test_replace_keeps_id_and_age_and_drops_the_rest(self, catalogue: Catalogue) -> None:
        old = catalogue.add("ana", rows("ana", 1))
        catalogue.put_segment("ana", SegmentRow(old.id, "f", old.updated, 5, blob(99)))
        before = catalogue.vectors("ana").ids
        new, unused = catalogue.replace("ana", rows("ana", 1, name="Bodo", seed=7, photos=1))
        assert (new.id, new.created, new.name) == (old.id, old.created, "Bodo")
        assert new.updated > old.updated
        assert set(unused) == {blob(10), blob(11), blob(99)}
        assert catalogue.segment("ana", old.id, "f") is None
        assert catalogue.photo("ana", old.photos[0].id) is None
        table = catalogue.vectors("ana")
        assert not set(table.ids) & set(before)
        np.testing.assert_array_equal(table.matrix, matrix_of(draft(seed=7, photos=1)))

    def test_replace_refuses_unknown_and_taken_names(self, catalogue: Catalogue) -> None:
        catalogue.add("ana", rows("ana", 1, name="Bo"))
        two = catalogue.add("ana", rows("ana", 2, name="Mia"))
        with pytest.raises(UnknownConceptError):
            catalogue.replace("ana", rows("ana", 3))
        with pytest.raises(UnknownConceptError):
            catalogue.replace("ben", rows("ben", 1))
        with pytest.raises(DuplicateConceptError):
            catalogue.replace("ana", rows("ana", 2, name="bo"))
        assert catalogue.concept("ana", two.id) == two

    def test_owners_are_walls(self, catalogue: Catalogue) -> None:
        hers = catalogue.add("ana", rows("ana", 1, name="Bo"))
        his = catalogue.add("ben", rows("ben", 2, name="Bo", seed=1))
        assert catalogue.concept("ben", hers.id) is None
        assert catalogue.photo("ben", hers.photos[0].id) is None
        assert catalogue.put_segment("ben", SegmentRow(hers.id, "f", hers.updated, 1, blob(50))) == (
            blob(50),
        )
        assert catalogue.tombstone("ben", hers.id) == ()
        catalogue.erase("ben", [hers.id])
        assert catalogue.concept("ana", hers.id) == hers
        assert catalogue.owner_key("ana") != catalogue.owner_key("ben")
        catalogue.delete_owner("ana")
        assert catalogue.concepts("ana") == ()
        assert catalogue.owner_key("ana") is None
        assert catalogue.concepts("ben") == (his,)
        assert catalogue.live_blobs() == {blob(20).id, blob(21).id}

    def test_owner_key_is_made_once(self, catalogue: Catalogue) -> None:
        assert catalogue.owner_key("ana") is None
        catalogue.add("ana", rows("ana", 1))
        key = catalogue.owner_key("ana")
        assert key is not None
        assert len(key) == 32
        catalogue.add("ana", rows("ana", 2))
        assert catalogue.owner_key("ana") == key

    def test_segments(self, catalogue: Catalogue) -> None:
        concept = catalogue.add("ana", rows("ana", 1))
        row = SegmentRow(concept.id, "f", concept.updated, 12, blob(50))
        assert catalogue.segment("ana", concept.id, "f") is None
        assert catalogue.put_segment("ana", row) == ()
        assert catalogue.segment("ana", concept.id, "f") == row
        assert catalogue.segment("ana", concept.id, "g") is None
        assert catalogue.put_segment("ana", replace(row, fingerprint="g", blob=blob(51))) == ()
        assert catalogue.put_segment("ana", replace(row, blob=blob(52))) == (blob(50),)
        assert catalogue.usage("ana") == (110 + 111, 4 * 8 * 2, 151 + 152)
        assert catalogue.live_blobs() == {blob(n).id for n in (10, 11, 51, 52)}
        assert set(catalogue.drop_segments("ana", concept.id)) == {blob(51), blob(52)}
        assert catalogue.segment("ana", concept.id, "f") is None

    def test_a_segment_made_too_late_is_refused(self, catalogue: Catalogue) -> None:
        concept = catalogue.add("ana", rows("ana", 1))
        late = SegmentRow(concept.id, "f", concept.updated, 12, blob(50))
        catalogue.replace("ana", rows("ana", 1, seed=3))
        assert catalogue.put_segment("ana", late) == (blob(50),)
        assert catalogue.segment("ana", concept.id, "f") is None

    def test_tombstone_hides_and_frees_the_name(self, catalogue: Catalogue) -> None:
        concept = catalogue.add("ana", rows("ana", 1, name="Bo"))
        catalogue.put_segment("ana", SegmentRow(concept.id, "f", concept.updated, 1, blob(50)))
        for _ in range(2):
            assert set(catalogue.tombstone("ana", concept.id)) == {blob(10), blob(11), blob(50)}
        assert catalogue.tombstones("ana") == (concept.id,)
        assert catalogue.concepts("ana") == ()
        assert catalogue.named("ana", "bo") is None
        assert catalogue.photo("ana", concept.photos[0].id) is None
        assert catalogue.segment("ana", concept.id, "f") is None
        assert catalogue.vectors("ana").ids.size == 0
        again = catalogue.add("ana", rows("ana", 2, name="Bo"))
        catalogue.erase("ana", [concept.id])
        assert catalogue.tombstones("ana") == ()
        assert catalogue.concepts("ana") == (again,)
        assert catalogue.live_blobs() == {blob(20).id, blob(21).id}

    def test_erase_needs_a_tombstone(self, catalogue: Catalogue) -> None:
        concept = catalogue.add("ana", rows("ana", 1))
        catalogue.erase("ana", [concept.id, "0" * 32])
        assert catalogue.concepts("ana") == (concept,)

    def test_tombstone_of_all(self, catalogue: Catalogue) -> None:
        for number in (1, 2):
            catalogue.add("ana", rows("ana", number))
        kept = catalogue.add("ben", rows("ben", 3))
        assert {ref.id for ref in catalogue.tombstone("ana", None)} == {blob(n).id for n in (10, 11, 20, 21)}
        assert catalogue.concepts("ana") == ()
        assert catalogue.concepts("ben") == (kept,)

    def test_threads(self, catalogue: Catalogue) -> None:
        errors: list[BaseException] = []

        def work(worker: int) -> None:
            try:
                for step in range(5):
                    catalogue.add("ana", rows("ana", worker * 10 + step))
                    catalogue.vectors("ana")
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        found = catalogue.concepts("ana")
        assert len(found) == 20
        assert [c.created for c in found] == sorted({c.created for c in found})
        assert len(set(catalogue.vectors("ana").ids)) == 80
