#include "axis.h"

enum { NDEG_PER_MDEG = 1000000, UDPS_PER_MDPS = 1000, TICKS_PER_S = 1000 };

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t magnitude(int64_t value) { return value < 0 ? -value : value; }

/* The integer square root, bit by bit. */
static uint64_t root(uint64_t value)
{
    uint64_t result = 0;
    for (uint64_t bit = UINT64_C(1) << 62; bit != 0; bit >>= 2) {
        if (value >= result + bit) {
            value -= result + bit;
            result = (result >> 1) + bit;
        } else {
            result >>= 1;
        }
    }
    return result;
}

/* The highest rate at this distance from which steps that shrink by `a` a tick end at the target and not beyond:
 * (v + a/2)^2 = 2 a d, which a step of v turns into (v - a + a/2)^2 = 2 a (d - v). The last step is what is left. */
static int64_t stopping_rate_udps(int64_t distance_ndeg, int64_t a)
{
    if (distance_ndeg <= a) {
        return distance_ndeg;
    }
    return (int64_t)root(2 * (uint64_t)a * (uint64_t)distance_ndeg) - (a + 1) / 2;
}

static int64_t clamped(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : lesser(value, most);
}

/* So long that an acceleration which jumps from one limit to the other becomes a ramp within the jerk limit. */
static uint16_t window_for(const struct axis_limits *limits)
{
    int64_t jerk_mdps3 = clamped(limits->max_jerk_mdps3, 1, INT32_MAX);
    int64_t ticks = 2 * (int64_t)limits->max_acceleration_mdps2 * TICKS_PER_S / jerk_mdps3 + 1;
    return (uint16_t)clamped(ticks, 1, AXIS_MAX_WINDOW_TICKS);
}

void axis_init(struct axis *axis, const struct axis_limits *limits, int32_t position_mdeg)
{
    axis->limits = limits;
    axis->acceleration_mdps2 = clamped(limits->max_acceleration_mdps2, 1, AXIS_MAX_ACCELERATION_MDPS2);
    axis->window_ticks = window_for(limits);
    axis_place(axis, position_mdeg);
}

void axis_place(struct axis *axis, int32_t position_mdeg)
{
    axis->position_ndeg = (int64_t)position_mdeg * NDEG_PER_MDEG;
    axis->rate_udps = 0;
    axis->oldest = 0;
    axis->step_ndeg = 0;
    axis->sum_ndeg = axis->position_ndeg * axis->window_ticks;
    for (uint16_t i = 0; i < axis->window_ticks; i++) {
        axis->window_ndeg[i] = axis->position_ndeg;
    }
}

static void average_in(struct axis *axis)
{
    axis->step_ndeg = axis->position_ndeg - axis->window_ndeg[axis->oldest];
    axis->sum_ndeg += axis->step_ndeg;
    axis->window_ndeg[axis->oldest] = axis->position_ndeg;
    axis->oldest = (uint16_t)((axis->oldest + 1) % axis->window_ticks);
}

void axis_tick_towards(struct axis *axis, int32_t target_mdeg, int32_t max_rate_mdps)
{
    int64_t a = axis->acceleration_mdps2;
    int64_t error_ndeg = (int64_t)target_mdeg * NDEG_PER_MDEG - axis->position_ndeg;
    int64_t distance_ndeg = magnitude(error_ndeg);
    int64_t limit_udps = (int64_t)lesser(max_rate_mdps, axis->limits->max_rate_mdps) * UDPS_PER_MDPS;
    int64_t speed_udps = lesser(limit_udps, stopping_rate_udps(distance_ndeg, a));
    int64_t wanted_udps = error_ndeg < 0 ? -speed_udps : speed_udps;
    axis->rate_udps += clamped(wanted_udps - axis->rate_udps, -a, a);
    axis->position_ndeg += axis->rate_udps;
    average_in(axis);
}

void axis_tick_at_rate(struct axis *axis, int32_t rate_mdps)
{
    bool left = rate_mdps < 0;
    int32_t speed_mdps = rate_mdps == INT32_MIN ? INT32_MAX : (int32_t)magnitude(rate_mdps);
    axis_tick_towards(axis, left ? axis->limits->min_mdeg : axis->limits->max_mdeg, speed_mdps);
}

int32_t axis_position_mdeg(const struct axis *axis)
{
    return (int32_t)(axis->sum_ndeg / axis->window_ticks / NDEG_PER_MDEG);
}

int32_t axis_rate_mdps(const struct axis *axis)
{
    return (int32_t)(axis->step_ndeg / axis->window_ticks / UDPS_PER_MDPS);
}

bool axis_rests(const struct axis *axis)
{
    return axis->rate_udps == 0 && axis->sum_ndeg == axis->position_ndeg * axis->window_ticks;
}
