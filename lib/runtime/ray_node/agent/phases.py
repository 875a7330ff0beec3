"""The phases of a node and every way from one to another. `decide.py` chooses; what is not here is a bug."""

from dataclasses import dataclass
from enum import Enum

from ray_node.agent import state
from ray_node.host.failure import Culprit

OUTSIDE = "outside the cluster"


class Track(Enum):
    """A node is in one phase of each track that it has."""

    CLUSTER = "The head: the cluster"
    WORKLOAD = "The head: the workload that runs"
    ROLLOUT = "The head: the next workload"
    WORKER = "A worker"


class Action(Enum):
    """What the loop does when it takes a transition."""

    NOTHING = "nothing"
    START_RAY = "start Ray"
    STOP_RAY = "stop Ray"
    CHECK = "begin the checks of the machines"
    STAGE = "begin staging"
    COMPARE = "compare the nodes"
    START = "start the engine"
    STOP = "stop what runs"
    STAGE_NEXT = "begin staging beside what serves"
    CHECK_NEXT = "begin the checks beside what serves"
    SWITCH = "record the switch"
    GO_BACK = "record the way back"
    ACCEPT = "record the success"
    REJECT = "record the failure"
    RESTART = "end at once, to restart"
    END = "end slowly"


class Phase(Enum):
    #: (track, name, the state that is published; "" where another track says it, what happens)
    STARTING = (Track.CLUSTER, "starting", state.STARTING, "Ray starts on the head")
    JOINED = (Track.CLUSTER, "joined", state.JOINED, "the other nodes are awaited")
    HOLDING = (Track.CLUSTER, "holding", state.FORMED, "all nodes are members; for the hold time")
    FORMED = (Track.CLUSTER, "formed", state.FORMED, "an engine may run")
    BROKEN = (Track.CLUSTER, "broken", state.DEGRADED, "a member was lost; all nodes are awaited again")
    UNFORMED = (Track.CLUSTER, "unformed", state.FAILED, "the nodes are watched")
    ENDED = (Track.CLUSTER, "ended", state.FAILED, "the process ends, its container restarts")

    NONE = (Track.WORKLOAD, "none", state.WAITING, "no workload has been delivered")
    AWAITING = (Track.WORKLOAD, "awaiting", "", "the cluster is to form")
    CHECKING = (Track.WORKLOAD, "checking", state.CHECKING, "each machine is checked")
    STAGING = (Track.WORKLOAD, "staging", state.STAGING, "the model is brought to every node")
    COMPARING = (Track.WORKLOAD, "comparing", state.COMPARING, "the nodes are compared, the port is free")
    LOADING = (Track.WORKLOAD, "loading", state.LOADING, "the engine or job starts; one completion")
    SERVING = (Track.WORKLOAD, "serving", state.SERVING, "a completion has come; health is watched")
    RUNNING = (Track.WORKLOAD, "running", state.RUNNING, "the job has begun")
    READY = (Track.WORKLOAD, "ready", state.READY, "there is nothing to run")
    SUCCEEDED = (Track.WORKLOAD, "succeeded", state.SUCCEEDED, "the job has ended with 0")
    CHANGING = (Track.WORKLOAD, "changing", "switching", "the engine stops for another workload")
    DEGRADED = (Track.WORKLOAD, "degraded", state.DEGRADED, "the engine stops; then the cluster is awaited")
    FAILED = (Track.WORKLOAD, "failed", state.FAILED, "the engine stops; then the nodes are watched")
    RETRYING = (Track.WORKLOAD, "retrying", state.RETRYING, "the cluster is awaited, with a fresh budget")

    NO_ROLLOUT = (Track.ROLLOUT, "no rollout", "", "a delivery is looked for")
    NEXT_STAGING = (Track.ROLLOUT, "staging next", "", "its model is brought while the current one serves")
    NEXT_CHECKING = (Track.ROLLOUT, "checking next", "", "the machines are checked for it")
    SWITCHING = (Track.ROLLOUT, "switching", "", "the workload that runs is the next one")
    RETURNING = (Track.ROLLOUT, "returning", "", "the workload that runs is the current one again")

    TOKEN = (Track.WORKER, "token", state.STARTING, "the head's token is awaited")
    HEAD = (Track.WORKER, "head", state.STARTING, "the head's Ray is awaited")
    ANSWER = (Track.WORKER, "answer", state.STARTING, "one answer of the head is awaited")
    JOINING = (Track.WORKER, "joining", state.STARTING, "the head's Ray is to list this node")
    MEMBER = (Track.WORKER, "member", "", "the head's state is shown, and done what it asks")
    SILENT = (Track.WORKER, "silent", state.JOINED, "the head does not answer; nothing changes")
    OUT = (Track.WORKER, "outside", OUTSIDE, "not in the shape: Ray is stopped, reports go on")
    GONE = (Track.WORKER, "gone", state.FAILED, "the process ends, its container restarts")

    def __init__(self, track: Track, label: str, shows: str, what: str) -> None:
        self.track = track
        self.label = label
        self.shows = shows
        self.what = what


@dataclass(frozen=True)
class Transition:
    source: Phase
    target: Phase
    action: Action
    when: str


@dataclass(frozen=True)
class Step:
    """Where a pass of the loop leads; the same phase again is a pass without a transition."""

    phase: Phase
    action: Action = Action.NOTHING
    reason: str | None = None
    culprit: Culprit | None = None
    log_lines: tuple[str, ...] = ()


def _rows(source: Phase, *ways: tuple[Phase, Action, str]) -> tuple[Transition, ...]:
    return tuple(Transition(source, target, action, when) for target, action, when in ways)


P, A = Phase, Action
_LOST = (P.DEGRADED, A.STOP, "a member or the engine is lost")
_GIVEN_UP = (P.FAILED, A.STOP, "it cannot go well")
_ANOTHER = (P.CHANGING, A.STOP, "another workload is to run")
_STOPS = (_LOST, _GIVEN_UP, _ANOTHER)
_BEGINS = (
    (P.CHECKING, A.CHECK, "the cluster has formed"),
    (P.COMPARING, A.COMPARE, "it has formed, and checks and model are done"),
    (P.SUCCEEDED, A.NOTHING, "this job has succeeded before"),
    (P.FAILED, A.STOP, "the cluster does not form, or the budget of starts is spent"),
    (P.NONE, A.NOTHING, "there is no workload any more"),
)
_NEW = (P.AWAITING, A.NOTHING, "another workload is to run")
_HOPELESS = (P.UNFORMED, A.NOTHING, "the deadline, or waiting cannot help")
_ENDS = (
    (P.ENDED, A.RESTART, "the head's own Ray has ended, or was too slow"),
    (P.ENDED, A.END, "this node cannot be the head"),
)
_RESTARTS = (P.GONE, A.RESTART, "its Ray has ended, or belongs to an earlier session of the head")
_REFUSED = (P.GONE, A.END, "wrong token or version, or the deadline")
_LEAVES = (P.OUT, A.STOP_RAY, "the head says that it is not in the shape")

TRANSITIONS: tuple[Transition, ...] = (
    *_rows(
        P.STARTING,
        (P.JOINED, A.NOTHING, "the head's own Ray is a member"),
        (P.HOLDING, A.NOTHING, "all nodes are members"),
        _HOPELESS,
        *_ENDS,
    ),
    *_rows(
        P.JOINED,
        (P.HOLDING, A.NOTHING, "all nodes are members"),
        _HOPELESS,
        *_ENDS,
    ),
    *_rows(
        P.HOLDING,
        (P.FORMED, A.NOTHING, "it has held"),
        (P.JOINED, A.NOTHING, "the members have changed"),
        (P.UNFORMED, A.NOTHING, "a node that was told to leave does not"),
        *_ENDS,
    ),
    *_rows(
        P.FORMED,
        (P.BROKEN, A.NOTHING, "a member is lost or has restarted"),
        (P.HOLDING, A.NOTHING, "the engine has failed, perhaps because a member is dying"),
        (P.JOINED, A.NOTHING, "another shape is wanted"),
        *_ENDS,
    ),
    *_rows(
        P.BROKEN,
        (P.HOLDING, A.NOTHING, "all nodes are members"),
        _HOPELESS,
        *_ENDS,
    ),
    *_rows(P.UNFORMED, (P.JOINED, A.NOTHING, "on request, all nodes are members, or another shape"), *_ENDS),
    *_rows(P.NONE, (P.AWAITING, A.NOTHING, "there is a workload")),
    *_rows(P.AWAITING, *_BEGINS),
    *_rows(P.CHECKING, *_STOPS, (P.STAGING, A.STAGE, "the machines are fit")),
    *_rows(P.STAGING, *_STOPS, (P.COMPARING, A.COMPARE, "every node has the model")),
    *_rows(
        P.COMPARING,
        *_STOPS,
        (P.LOADING, A.START, "the nodes agree"),
        (P.READY, A.NOTHING, "they agree, and there is no engine"),
    ),
    *_rows(
        P.LOADING,
        *_STOPS,
        (P.SERVING, A.NOTHING, "a completion has come"),
        (P.RUNNING, A.NOTHING, "the job is alive after 10 s"),
        (P.SUCCEEDED, A.NOTHING, "the job has ended with 0"),
    ),
    *_rows(P.SERVING, *_STOPS),
    *_rows(P.RUNNING, *_STOPS, (P.SUCCEEDED, A.NOTHING, "the job has ended with 0")),
    *_rows(P.READY, *_STOPS),
    *_rows(P.SUCCEEDED, _NEW),
    *_rows(P.CHANGING, *_BEGINS, (P.DEGRADED, A.STOP, "a member is lost")),
    *_rows(P.DEGRADED, *_BEGINS),
    *_rows(P.FAILED, _NEW, (P.RETRYING, A.NOTHING, "on request, or all nodes are members again")),
    *_rows(P.RETRYING, *_BEGINS),
    *_rows(P.NO_ROLLOUT, (P.NEXT_STAGING, A.STAGE_NEXT, "a delivery was taken")),
    *_rows(
        P.NEXT_STAGING,
        (P.NEXT_CHECKING, A.CHECK_NEXT, "every node has its model"),
        (P.SWITCHING, A.SWITCH, "nothing serves, or the disk has no room for two models"),
        (P.NO_ROLLOUT, A.REJECT, "the model or a node cannot come, or its time is over"),
    ),
    *_rows(
        P.NEXT_CHECKING,
        (P.SWITCHING, A.SWITCH, "the machines are fit"),
        (P.NEXT_STAGING, A.STAGE_NEXT, "a member was lost, or the engine has failed"),
        (P.NO_ROLLOUT, A.REJECT, "a machine is not fit, or its time is over"),
    ),
    *_rows(
        P.SWITCHING,
        (P.NO_ROLLOUT, A.ACCEPT, "the next one serves: it is the current one"),
        (P.RETURNING, A.GO_BACK, "it has failed, or its time is over"),
        (P.NO_ROLLOUT, A.REJECT, "it has failed, and there is no way back"),
    ),
    *_rows(P.RETURNING, (P.NO_ROLLOUT, A.REJECT, "the current one serves again, or cannot")),
    *_rows(P.TOKEN, (P.HEAD, A.NOTHING, "the token is there"), _REFUSED),
    *_rows(P.HEAD, (P.ANSWER, A.NOTHING, "the port of the head's Ray is open"), _REFUSED, _LEAVES),
    *_rows(P.ANSWER, (P.JOINING, A.START_RAY, "it has come, or 3 s have passed"), _REFUSED, _LEAVES),
    *_rows(P.JOINING, (P.MEMBER, A.NOTHING, "it is listed"), _RESTARTS, _REFUSED, _LEAVES),
    *_rows(
        P.MEMBER,
        (P.SILENT, A.NOTHING, "no answer for three reports"),
        _RESTARTS,
        (P.GONE, A.END, "another version on the head"),
        _LEAVES,
    ),
    *_rows(P.SILENT, (P.MEMBER, A.NOTHING, "it answers again"), _RESTARTS, _LEAVES),
    *_rows(P.OUT, (P.GONE, A.RESTART, "it is in the shape again")),
)
_LISTED = {(way.source, way.target, way.action) for way in TRANSITIONS}


class UnlistedTransition(Exception):
    """A bug: `decide` wants what the table does not have."""


def checked(phase: Phase, step: Step) -> Step:
    """The step itself. Raises UnlistedTransition."""
    stays = step.phase is phase and step.action is Action.NOTHING
    if not stays and (phase, step.phase, step.action) not in _LISTED:
        raise UnlistedTransition(f"{phase.name} to {step.phase.name}, {step.action.value}")
    return step


def as_markdown() -> str:
    """The tables of the agent's README: per track its phases, then its transitions."""
    return "\n".join("\n".join((f"### {track.value}", "", *_phases(track), *_ways(track))) for track in Track)


def _phases(track: Track) -> list[str]:
    lines = ["| phase | published as | what happens |", "|---|---|---|"]
    for phase in Phase:
        if phase.track is track:
            shows = f"`{phase.shows}`" if phase.shows else ""
            lines.append(f"| **{phase.label}** | {shows} | {phase.what} |")
    return [*lines, ""]


def _ways(track: Track) -> list[str]:
    """Ways that differ only in where they begin share a line."""
    sources: dict[tuple[Phase, Action, str], list[str]] = {}
    for way in TRANSITIONS:
        if way.source.track is track:
            sources.setdefault((way.target, way.action, way.when), []).append(way.source.label)
    lines = ["| from | to | when | the loop then does |", "|---|---|---|---|"]
    for (target, action, when), labels in sources.items():
        does = "" if action is A.NOTHING else action.value
        lines.append(f"| {', '.join(labels)} | **{target.label}** | {when} | {does} |")
    return [*lines, ""]
