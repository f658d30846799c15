"""The parts of a score that come with Understudy."""

from understudy.plugin import Plugin


def _part(name: str, summary: str) -> Plugin:
    target = f"understudy.score.{name}:{name.capitalize()}"
    return Plugin(kind="score", name=name, target=target, summary=summary)


PLUGINS = (
    _part("identity", "to the donor and away from the plate, by a network that no training uses"),
    _part("expression", "eyes, mouth and brows beside the plate's, by each reader"),
    _part("pose", "error of yaw and pitch in degrees"),
    _part("gaze", "place of the irises in open eyes beside the plate's"),
    _part("sharpness", "finest detail beside the donor's own at the plate's size"),
    _part("light", "low-frequency colour inside the face beside the plate's"),
    _part("seam", "steps across the matte's edge that the plate does not have"),
    _part("flicker", "second difference in time, motion taken out, beside the plate's"),
    _part("outline", "overlap of the face's outlines found in both pictures"),
)
