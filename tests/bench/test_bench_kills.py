"""What the bench makes of a framing track with crashes in it."""

from followspot_sim.bench.kills import Kill, figures

S = 10**9


def pictures(pts_s: float, t_s: float, count: int) -> list[dict[str, object]]:
    return [
        {"pts_ns": round((pts_s + n / 10) * S), "t_ns": round((t_s + n / 10) * S), "held": False} for n in range(count)
    ]


def test_lost_is_what_was_recorded_and_not_kept() -> None:
    track = [
        *pictures(0, 100, 20),
        *[{"pts_ns": round(1.5 * S), "cut": "crash", "missing_ns": 3 * S}],  # the last five pictures were torn off
        *pictures(1.5, 104, 10),
        *[{"pts_ns": round(2.5 * S), "cut": "pause", "missing_ns": 9 * S}],
        *pictures(2.5, 120, 10),
        *[{"pts_ns": round(3.5 * S), "cut": "crash", "missing_ns": S}],
        *pictures(3.5, 122, 1),
    ]
    kills = [Kill(102 * S, round(102.5 * S)), Kill(round(121.2 * S), round(121.5 * S))]
    mean, worst, again = figures(track, kills, 0.1)
    assert mean.detail["lost_s"] == [0.5, 0.2]
    assert (round(mean.value, 3), worst.value, worst.met) == (0.35, 0.5, True)
    assert again.value == 1.0
    assert again.detail == {"worst": 1.5}
