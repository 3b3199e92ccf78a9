/* One axis's motion profile: speed, acceleration and jerk stay within limits, the position within the range.
 *
 * A profile with limited acceleration goes through a moving average over `window_ticks`. Its acceleration changes by at
 * most twice the limit within the window, which bounds the jerk; an average leaves no range and no limit of its input
 * (Biagiotti and Melchiorri, "Trajectory Planning for Automatic Machines and Robots", 2008, FIR filters).
 *
 * One tick is a millisecond, which makes the units chain without a division:
 * mdeg/s^2 * 1 ms = udeg/s, and udeg/s * 1 ms = ndeg.
 */
#ifndef DOCK_AXIS_H
#define DOCK_AXIS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    AXIS_TICK_US = 1000,
    AXIS_MAX_WINDOW_TICKS = 128,
    AXIS_MAX_ACCELERATION_MDPS2 = 5000000 /* keeps the square root's argument within 64 bits over two full turns */
};

struct axis_limits {
    int32_t min_mdeg;
    int32_t max_mdeg;
    int32_t max_rate_mdps;
    int32_t max_acceleration_mdps2;
    int32_t max_jerk_mdps3;
};

struct axis {
    const struct axis_limits *limits;
    int64_t acceleration_mdps2;
    int64_t position_ndeg; /* before the average */
    int64_t rate_udps;
    int64_t window_ndeg[AXIS_MAX_WINDOW_TICKS]; /* the last positions; `oldest` is overwritten next */
    int64_t sum_ndeg;
    int64_t step_ndeg; /* of the sum, in the last tick */
    uint16_t window_ticks;
    uint16_t oldest;
};

/* At rest at a position. A jerk limit too low for AXIS_MAX_WINDOW_TICKS is approached as far as these allow. */
void axis_init(struct axis *axis, const struct axis_limits *limits, int32_t position_mdeg);

/* At rest at a position, at once: where the motor really is, when it could not follow. */
void axis_place(struct axis *axis, int32_t position_mdeg);

/* Spend a tick on the way to a position within the range; max_rate_mdps 0 brakes instead. */
void axis_tick_towards(struct axis *axis, int32_t target_mdeg, int32_t max_rate_mdps);

/* Spend a tick turning at a rate, which ends at the end of the range. */
void axis_tick_at_rate(struct axis *axis, int32_t rate_mdps);

/* What to tell the motor. */
int32_t axis_position_mdeg(const struct axis *axis);
int32_t axis_rate_mdps(const struct axis *axis);
bool axis_rests(const struct axis *axis);

#endif
