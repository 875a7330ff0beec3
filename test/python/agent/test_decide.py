import dataclasses
import os
import random
import unittest
from collections.abc import Mapping
from typing import Any

import support

from ray_node.agent import decide as agent
from ray_node.agent import phases, state
from ray_node.agent.decide import Observed
from ray_node.agent.decide_cluster import ClusterObserved
from ray_node.agent.decide_rollout import RolloutObserved
from ray_node.agent.decide_worker import WorkerObserved
from ray_node.agent.decide_workload import WorkloadObserved
from ray_node.agent.phases import TRANSITIONS, Action, Phase, Step, Track, UnlistedTransition
from ray_node.host.failure import (
    BudgetSpent,
    ClusterFailed,
    Culprit,
    EngineFailed,
    MembershipLost,
    NodeFailed,
    RestartNeeded,
)

README = support.ROOT / "lib" / "runtime" / "ray_node" / "agent" / "README.md"
P, A = Phase, Action
CULPRIT = Culprit("npu-1", "10.89.28.11", "left")
LOST = MembershipLost("npu-1 left", CULPRIT)
BROKE = EngineFailed("exited with code 2", CULPRIT, ["last words"])
HOPELESS = ClusterFailed("npu-1 has not joined", CULPRIT)
SPENT = BudgetSpent("exited with code 2 (3 times in a row)", CULPRIT)
RAY_ENDED = RestartNeeded("Ray on this node exited")
REFUSED = NodeFailed("wrong token")
N, M = "aaaaaaaaaaaa", "bbbbbbbbbbbb"

OF: Mapping[Track, type[Observed]] = {
    Track.CLUSTER: ClusterObserved,
    Track.WORKLOAD: WorkloadObserved,
    Track.ROLLOUT: RolloutObserved,
    Track.WORKER: WorkerObserved,
}

#: What is observed, by phases; and the transition that follows.
TABLE: list[tuple[tuple[Phase, ...], dict[str, Any], Phase, Action]] = [
    ((P.STARTING,), {"own_member": True}, P.JOINED, A.NOTHING),
    ((P.STARTING, P.JOINED, P.BROKEN), {"whole": True}, P.HOLDING, A.NOTHING),
    ((P.STARTING, P.JOINED, P.BROKEN), {"hopeless": HOPELESS}, P.UNFORMED, A.NOTHING),
    ((P.HOLDING,), {"whole": True, "held": True}, P.FORMED, A.NOTHING),
    ((P.HOLDING,), {"whole": True, "held": True, "changed": True}, P.JOINED, A.NOTHING),
    ((P.HOLDING,), {"whole": False}, P.JOINED, A.NOTHING),
    ((P.FORMED,), {"lost": LOST}, P.BROKEN, A.NOTHING),
    ((P.FORMED,), {"whole": True, "doubted": True}, P.HOLDING, A.NOTHING),
    ((P.FORMED, P.HOLDING, P.UNFORMED), {"whole": True, "reshaped": True}, P.JOINED, A.NOTHING),
    ((P.HOLDING,), {"whole": True, "held": True, "hopeless": HOPELESS}, P.UNFORMED, A.NOTHING),
    ((P.UNFORMED,), {"asked": True}, P.JOINED, A.NOTHING),
    ((P.UNFORMED,), {"whole": True}, P.JOINED, A.NOTHING),
    (
        (P.STARTING, P.JOINED, P.HOLDING, P.FORMED, P.BROKEN, P.UNFORMED),
        {"whole": True, "ended": RAY_ENDED},
        P.ENDED,
        A.RESTART,
    ),
    (
        (P.STARTING, P.JOINED, P.HOLDING, P.FORMED, P.BROKEN, P.UNFORMED),
        {"whole": True, "ended": REFUSED},
        P.ENDED,
        A.END,
    ),
    ((P.NONE,), {"subject": N}, P.AWAITING, A.NOTHING),
    ((P.AWAITING, P.CHANGING, P.DEGRADED, P.RETRYING), {"subject": N, "formed": True}, P.CHECKING, A.CHECK),
    (
        (P.AWAITING, P.CHANGING, P.DEGRADED, P.RETRYING),
        {"subject": N, "formed": True, "prepared": True},
        P.COMPARING,
        A.COMPARE,
    ),
    (
        (P.AWAITING, P.CHANGING, P.DEGRADED, P.RETRYING),
        {"subject": N, "formed": True, "kind": "job", "succeeded": True},
        P.SUCCEEDED,
        A.NOTHING,
    ),
    ((P.AWAITING, P.CHANGING, P.DEGRADED, P.RETRYING), {"subject": None}, P.NONE, A.NOTHING),
    (
        (P.AWAITING, P.CHANGING, P.DEGRADED, P.RETRYING),
        {"subject": N, "given_up": HOPELESS},
        P.FAILED,
        A.STOP,
    ),
    ((P.CHANGING,), {"subject": N, "runs": True, "trouble": LOST}, P.DEGRADED, A.STOP),
    ((P.CHECKING,), {"subject": N, "about": N, "done": True}, P.STAGING, A.STAGE),
    ((P.STAGING,), {"subject": N, "about": N, "done": True}, P.COMPARING, A.COMPARE),
    ((P.COMPARING,), {"subject": N, "about": N, "done": True}, P.LOADING, A.START),
    ((P.COMPARING,), {"subject": N, "about": N, "done": True, "kind": "none"}, P.READY, A.NOTHING),
    ((P.LOADING,), {"subject": N, "about": N, "done": True}, P.SERVING, A.NOTHING),
    ((P.LOADING,), {"subject": N, "about": N, "kind": "job", "begun": True}, P.RUNNING, A.NOTHING),
    (
        (P.LOADING, P.RUNNING),
        {"subject": N, "about": N, "kind": "job", "succeeded": True},
        P.SUCCEEDED,
        A.NOTHING,
    ),
    (
        (P.CHECKING, P.STAGING, P.COMPARING, P.LOADING, P.SERVING, P.RUNNING, P.READY),
        {"subject": N, "about": N, "done": True, "trouble": BROKE},
        P.DEGRADED,
        A.STOP,
    ),
    (
        (P.CHECKING, P.STAGING, P.COMPARING, P.LOADING, P.SERVING, P.RUNNING, P.READY),
        {"subject": N, "about": N, "done": True, "given_up": SPENT},
        P.FAILED,
        A.STOP,
    ),
    (
        (P.CHECKING, P.STAGING, P.COMPARING, P.LOADING, P.SERVING, P.RUNNING, P.READY),
        {"subject": M, "about": N, "done": True},
        P.CHANGING,
        A.STOP,
    ),
    ((P.SUCCEEDED, P.FAILED), {"subject": M, "about": N}, P.AWAITING, A.NOTHING),
    ((P.FAILED,), {"subject": N, "about": N, "asked": True}, P.RETRYING, A.NOTHING),
    ((P.FAILED,), {"subject": N, "about": N, "healed": True}, P.RETRYING, A.NOTHING),
    ((P.NO_ROLLOUT,), {"next": M}, P.NEXT_STAGING, A.STAGE_NEXT),
    (
        (P.NEXT_STAGING,),
        {"next": M, "can_go_back": True, "done": True, "formed": True},
        P.NEXT_CHECKING,
        A.CHECK_NEXT,
    ),
    ((P.NEXT_STAGING,), {"next": M, "can_go_back": False}, P.SWITCHING, A.SWITCH),
    ((P.NEXT_STAGING,), {"next": M, "can_go_back": True, "failed": N}, P.SWITCHING, A.SWITCH),
    ((P.NEXT_STAGING,), {"next": M, "can_go_back": True, "no_room": "npu-1"}, P.SWITCHING, A.SWITCH),
    (
        (P.NEXT_STAGING, P.NEXT_CHECKING),
        {"next": M, "can_go_back": True, "formed": True, "trouble": HOPELESS},
        P.NO_ROLLOUT,
        A.REJECT,
    ),
    ((P.NEXT_CHECKING,), {"next": M, "formed": True, "done": True}, P.SWITCHING, A.SWITCH),
    (
        (P.NEXT_STAGING, P.NEXT_CHECKING),
        {"next": M, "serves": N, "can_go_back": True, "formed": True, "done": True, "overdue": HOPELESS},
        P.NO_ROLLOUT,
        A.REJECT,
    ),
    (
        (P.NEXT_CHECKING,),
        {"next": M, "formed": True, "steady": False, "done": True},
        P.NEXT_STAGING,
        A.STAGE_NEXT,
    ),
    (
        (P.SWITCHING,),
        {"next": M, "can_go_back": True, "formed": True, "overdue": HOPELESS},
        P.RETURNING,
        A.GO_BACK,
    ),
    ((P.NEXT_CHECKING,), {"next": M, "formed": False, "trouble": LOST}, P.NEXT_STAGING, A.STAGE_NEXT),
    ((P.SWITCHING,), {"next": M, "serves": M}, P.NO_ROLLOUT, A.ACCEPT),
    (
        (P.SWITCHING,),
        {"next": M, "failed": M, "failure": SPENT, "can_go_back": True, "formed": True},
        P.RETURNING,
        A.GO_BACK,
    ),
    ((P.SWITCHING,), {"next": M, "failed": M, "can_go_back": False}, P.NO_ROLLOUT, A.REJECT),
    ((P.SWITCHING,), {"next": M, "failed": M, "can_go_back": True}, P.NO_ROLLOUT, A.REJECT),
    ((P.RETURNING,), {"next": M, "serves": N}, P.NO_ROLLOUT, A.REJECT),
    ((P.RETURNING,), {"next": M, "failed": N}, P.NO_ROLLOUT, A.REJECT),
    ((P.TOKEN,), {"token": True}, P.HEAD, A.NOTHING),
    ((P.HEAD,), {"head_open": True}, P.ANSWER, A.NOTHING),
    ((P.ANSWER,), {"answered": True}, P.JOINING, A.START_RAY),
    ((P.JOINING,), {"listed": True}, P.MEMBER, A.NOTHING),
    ((P.MEMBER,), {"silent": True}, P.SILENT, A.NOTHING),
    ((P.SILENT,), {"silent": False}, P.MEMBER, A.NOTHING),
    ((P.TOKEN, P.HEAD, P.ANSWER, P.JOINING, P.MEMBER), {"refused": REFUSED}, P.GONE, A.END),
    ((P.JOINING, P.MEMBER, P.SILENT), {"restart": RAY_ENDED}, P.GONE, A.RESTART),
    ((P.HEAD, P.ANSWER, P.JOINING, P.MEMBER, P.SILENT), {"leave": "not in the shape"}, P.OUT, A.STOP_RAY),
    ((P.OUT,), {"leave": None}, P.GONE, A.RESTART),
]

#: What is observed, by phases, and changes nothing.
NOTHING: list[tuple[tuple[Phase, ...], dict[str, Any]]] = [
    ((P.STARTING, P.JOINED, P.BROKEN, P.UNFORMED), {}),
    ((P.HOLDING,), {"whole": True}),
    ((P.FORMED,), {"whole": True, "own_member": True, "asked": True}),
    ((P.ENDED,), {"whole": True, "asked": True}),
    ((P.NONE,), {"formed": True, "asked": True}),
    ((P.AWAITING, P.CHANGING, P.DEGRADED, P.RETRYING), {"subject": N}),
    # What was there must have stopped first, whatever else is known.
    (
        (P.AWAITING, P.CHANGING, P.DEGRADED, P.RETRYING),
        {"subject": N, "formed": True, "runs": True, "given_up": SPENT},
    ),
    ((P.FAILED,), {"subject": M, "about": N, "runs": True, "asked": True, "healed": True}),
    ((P.FAILED,), {"subject": N, "about": N, "formed": True}),
    ((P.CHECKING, P.STAGING, P.COMPARING, P.LOADING, P.RUNNING), {"subject": N, "about": N, "runs": True}),
    ((P.SERVING, P.READY, P.SUCCEEDED), {"subject": N, "about": N, "asked": True, "healed": True}),
    # A job that has ended well is the last word, whatever the members do.
    ((P.SUCCEEDED,), {"subject": N, "about": N, "trouble": LOST, "given_up": HOPELESS}),
    ((P.NO_ROLLOUT,), {"serves": N}),
    ((P.NEXT_STAGING,), {"next": M, "can_go_back": True, "serves": N, "formed": True}),
    # Staged, but a member is missing: no checks before it is back.
    ((P.NEXT_STAGING,), {"next": M, "can_go_back": True, "done": True}),
    ((P.NEXT_CHECKING,), {"next": M, "can_go_back": True, "serves": N, "formed": True}),
    # The old workload is still seen to serve, or to have failed: that says nothing about the next one.
    ((P.SWITCHING,), {"next": M, "serves": N, "can_go_back": True, "formed": True}),
    ((P.SWITCHING,), {"next": M, "failed": N, "can_go_back": True, "formed": True}),
    ((P.RETURNING,), {"next": M, "failed": M}),
    ((P.TOKEN,), {"leave": "not in the shape", "restart": RAY_ENDED}),
    ((P.HEAD, P.ANSWER), {"token": True}),
    ((P.JOINING, P.MEMBER), {"answered": True}),
    ((P.SILENT,), {"silent": True, "refused": REFUSED}),
    ((P.OUT,), {"leave": "not in the shape", "restart": RAY_ENDED, "refused": REFUSED}),
    ((P.OUT,), {"silent": True}),
    ((P.GONE,), {"listed": True, "leave": "x", "restart": RAY_ENDED}),
]

#: What random observations are made of.
VALUES: dict[str, tuple[Any, ...]] = {
    "lost": (None, None, LOST),
    "hopeless": (None, None, HOPELESS),
    "ended": (None, None, None, None, RAY_ENDED, REFUSED),
    "subject": (None, N, M),
    "about": (None, N, M),
    "kind": ("serve", "job", "none"),
    "trouble": (None, None, BROKE),
    "overdue": (None, None, HOPELESS),
    "given_up": (None, None, SPENT),
    "next": (None, M),
    "serves": (None, N, M),
    "failed": (None, N, M),
    "failure": (None, SPENT),
    "no_room": (None, None, "npu-1"),
    "culprit": (None, CULPRIT),
    "leave": (None, None, "not in the shape"),
    "restart": (None, None, None, RAY_ENDED),
    "refused": (None, None, None, REFUSED),
}


def step(phase: Phase, observed: dict[str, Any]) -> Step:
    return agent.decide(phase, OF[phase.track](**observed))


def is_transition(phase: Phase, made: Step) -> bool:
    return made.phase is not phase or made.action is not Action.NOTHING


class DecideTest(unittest.TestCase):
    def test_each_observation_leads_to_its_transition(self) -> None:
        for sources, observed, target, action in TABLE:
            for source in sources:
                with self.subTest(source=source.name, observed=observed):
                    made = step(source, observed)
                    self.assertEqual((made.phase, made.action), (target, action))

    def test_every_transition_of_the_table_is_tested(self) -> None:
        tested = {(source, target, action) for sources, _, target, action in TABLE for source in sources}
        listed = {(way.source, way.target, way.action) for way in TRANSITIONS}
        self.assertEqual(tested, listed)

    def test_other_observations_change_nothing(self) -> None:
        for sources, observed in NOTHING:
            for source in sources:
                with self.subTest(source=source.name, observed=observed):
                    self.assertEqual(step(source, observed), Step(source))

    def test_random_observations_take_only_and_all_transitions_of_the_table(self) -> None:
        chance = random.Random(11)
        taken = set()
        for phase in Phase:
            kind = OF[phase.track]
            for _ in range(3000):
                observed = {
                    field.name: chance.choice(VALUES.get(field.name, (True, False)))
                    for field in dataclasses.fields(kind)
                    if field.name != "text"
                }
                made = step(phase, observed)
                self.assertIs(made.phase.track, phase.track)
                if is_transition(phase, made):
                    taken.add((phase, made.phase, made.action))
        self.assertEqual(taken, {(way.source, way.target, way.action) for way in TRANSITIONS})

    def test_step_that_is_not_in_the_table_is_a_bug(self) -> None:
        for source, wanted in (
            (P.SERVING, Step(P.LOADING, A.START)),
            (P.SERVING, Step(P.SERVING, A.STOP)),
            (P.SWITCHING, Step(P.NO_ROLLOUT)),
        ):
            with self.subTest(source=source, wanted=wanted), self.assertRaises(UnlistedTransition):
                phases.checked(source, wanted)

    def test_trouble_gives_its_reason_culprit_and_log_lines_to_the_step(self) -> None:
        for source, observed, trouble in (
            (P.SERVING, {"subject": N, "about": N, "trouble": BROKE}, BROKE),
            (P.DEGRADED, {"subject": N, "given_up": SPENT}, SPENT),
            (P.FORMED, {"lost": LOST}, LOST),
            (P.JOINED, {"hopeless": HOPELESS}, HOPELESS),
            (P.SWITCHING, {"next": M, "failed": M, "failure": BROKE}, BROKE),
            (P.TOKEN, {"refused": REFUSED}, REFUSED),
        ):
            with self.subTest(source=source.name):
                made = step(source, observed)
                self.assertEqual((made.reason, made.culprit), (trouble.reason, trouble.culprit))
                self.assertEqual(list(made.log_lines), trouble.log_lines)

    def test_every_phase_has_a_way_in_and_only_ends_have_no_way_out(self) -> None:
        starts = {P.STARTING, P.NONE, P.NO_ROLLOUT, P.TOKEN}
        targets = {way.target for way in TRANSITIONS}
        self.assertEqual(set(Phase) - targets, {P.STARTING, P.TOKEN})
        self.assertEqual(set(Phase) - {way.source for way in TRANSITIONS}, {P.ENDED, P.GONE})
        self.assertEqual({phase.track for phase in starts}, set(Track))

    def test_names_of_phases_are_unique_within_their_track(self) -> None:
        self.assertEqual(len({(phase.track, phase.label) for phase in Phase}), len(Phase))


class ShownTest(unittest.TestCase):
    def test_one_state_is_published_for_both_tracks(self) -> None:
        for cluster, workload, stops, shown in (
            (P.STARTING, P.NONE, False, state.STARTING),
            (P.FORMED, P.NONE, False, state.WAITING),
            (P.UNFORMED, P.NONE, False, state.FAILED),
            (P.JOINED, P.AWAITING, False, state.JOINED),
            (P.HOLDING, P.AWAITING, False, state.FORMED),
            (P.FORMED, P.SERVING, False, state.SERVING),
            (P.FORMED, P.CHANGING, True, "switching"),
            (P.BROKEN, P.DEGRADED, True, state.DEGRADED),
            (P.BROKEN, P.DEGRADED, False, state.DEGRADED),
            (P.HOLDING, P.DEGRADED, True, state.DEGRADED),
            (P.HOLDING, P.DEGRADED, False, state.FORMED),
            (P.FORMED, P.DEGRADED, False, state.DEGRADED),
            (P.JOINED, P.DEGRADED, False, state.JOINED),
            (P.FORMED, P.RETRYING, False, state.RETRYING),
            (P.UNFORMED, P.FAILED, False, state.FAILED),
            (P.JOINED, P.RETRYING, False, state.RETRYING),
            (P.HOLDING, P.RETRYING, False, state.FORMED),
            (P.BROKEN, P.SUCCEEDED, False, state.SUCCEEDED),
            (P.ENDED, P.SERVING, True, state.FAILED),
        ):
            with self.subTest(cluster=cluster.name, workload=workload.name, stops=stops):
                self.assertEqual(agent.shown(cluster, workload, stops).shows, shown)

    def test_every_combination_shows_something(self) -> None:
        for cluster in (phase for phase in Phase if phase.track is Track.CLUSTER):
            for workload in (phase for phase in Phase if phase.track is Track.WORKLOAD):
                self.assertTrue(agent.shown(cluster, workload, False).shows, (cluster, workload))


class ReadmeTest(unittest.TestCase):
    def test_readme_holds_the_table(self) -> None:
        """`UPDATE_GOLDEN=1` writes it again."""
        before, marker, rest = README.read_text(encoding="utf-8").partition("<!-- phases -->\n")
        found, end, after = rest.partition("<!-- end of phases -->\n")
        self.assertTrue(marker and end, "the README has no place for the table")
        table = f"\n{phases.as_markdown()}"
        if os.environ.get("UPDATE_GOLDEN"):
            README.write_text(before + marker + table + end + after, encoding="utf-8")
            return
        self.assertEqual(found, table)


if __name__ == "__main__":
    unittest.main()
