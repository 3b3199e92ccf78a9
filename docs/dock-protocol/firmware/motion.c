#include "motion.h"

#include <string.h>

enum { US_PER_MS = 1000, REACHED_MDEG = 50, MAX_TICKS_AT_ONCE = 20 };

void motion_init(struct motion *motion, const struct axis_limits limits[MOTION_AXES],
                 const int32_t at_mdeg[MOTION_AXES])
{
    memset(motion, 0, sizeof *motion);
    for (int i = 0; i < MOTION_AXES; i++) {
        axis_init(&motion->axes[i], &limits[i], at_mdeg[i]);
    }
}

void motion_restart(struct motion *motion)
{
    motion->moves = false;
    motion->has_last = false;
    motion->has_ended = false;
}

static bool has_target(const struct motion_command *command)
{
    return command->type != DOCK_DRIVE;
}

static void finish(struct motion *motion, uint8_t outcome)
{
    if (motion->moves && has_target(&motion->command)) {
        motion->has_ended = true;
        motion->ended_id = motion->command.id;
        motion->ended_outcome = outcome;
    }
    motion->moves = false;
}

static bool is_renewal(const struct motion *motion, const struct motion_command *command)
{
    return motion->moves && has_target(command) && command->type == motion->command.type &&
           command->id == motion->command.id;
}

static bool is_newest(const struct motion *motion, uint16_t id)
{
    return !motion->has_last || dock_is_newer(id, motion->last_id);
}

static bool is_possible(const struct motion *motion, const struct motion_command *command)
{
    for (int i = 0; i < MOTION_AXES; i++) {
        const struct axis_limits *limits = motion->axes[i].limits;
        if (has_target(command) && (command->goal[i] < limits->min_mdeg || command->goal[i] > limits->max_mdeg)) {
            return false;
        }
    }
    return command->max_rate_mdps >= 0;
}

/* How much of its life the command spent on its way. A host that sees the dock's clock ahead gets no longer life. */
static uint64_t age_us(const struct motion_command *command, uint64_t now_us)
{
    bool is_known = command->issued_us != 0 && command->issued_us < now_us;
    return is_known ? now_us - command->issued_us : 0;
}

bool motion_is_fresh(const struct motion *motion, const struct motion_command *command)
{
    return is_renewal(motion, command) || is_newest(motion, command->id);
}

uint8_t motion_take(struct motion *motion, const struct motion_command *command, bool barred, uint64_t now_us)
{
    if (command->ttl_ms < 1 || command->ttl_ms > MOTION_MAX_TTL_MS) {
        return DOCK_TTL_OUT_OF_RANGE;
    }
    if (!is_possible(motion, command)) {
        return DOCK_VALUE_OUT_OF_RANGE;
    }
    uint64_t spent_us = age_us(command, now_us);
    uint64_t life_us = (uint64_t)command->ttl_ms * US_PER_MS;
    if (spent_us >= life_us) {
        return DOCK_TOO_OLD;
    }
    if (barred) {
        return DOCK_FAULT_STANDS;
    }
    uint64_t end_us = now_us + life_us - spent_us;
    if (is_renewal(motion, command)) {
        motion->end_us = end_us > motion->end_us ? end_us : motion->end_us;
        return MOTION_OBEYED;
    }
    finish(motion, DOCK_REPLACED);
    motion->has_last = true;
    motion->last_id = command->id;
    motion->command = *command;
    motion->end_us = end_us;
    motion->moves = true;
    return MOTION_OBEYED;
}

void motion_halt(struct motion *motion, uint8_t outcome)
{
    finish(motion, outcome);
}

void motion_stop(struct motion *motion, uint16_t id)
{
    if (is_newest(motion, id) || id == motion->last_id) {
        motion->has_last = true;
        motion->last_id = id;
        motion_halt(motion, DOCK_STOPPED);
    }
}

static void tick(struct motion *motion)
{
    const struct motion_command *command = &motion->command;
    int32_t max_rate_mdps = command->max_rate_mdps == 0 ? INT32_MAX : command->max_rate_mdps;
    for (int i = 0; i < MOTION_AXES; i++) {
        struct axis *axis = &motion->axes[i];
        if (!motion->moves) {
            axis_tick_at_rate(axis, 0);
        } else if (has_target(command)) {
            axis_tick_towards(axis, command->goal[i], max_rate_mdps);
        } else {
            axis_tick_at_rate(axis, command->goal[i]);
        }
    }
}

static bool is_reached(const struct motion *motion, const int32_t encoder_mdeg[MOTION_AXES])
{
    for (int i = 0; i < MOTION_AXES; i++) {
        int64_t error_mdeg = (int64_t)motion->command.goal[i] - encoder_mdeg[i];
        if (!axis_rests(&motion->axes[i]) || error_mdeg > REACHED_MDEG || error_mdeg < -REACHED_MDEG) {
            return false;
        }
    }
    return true;
}

void motion_advance(struct motion *motion, const int32_t encoder_mdeg[MOTION_AXES], uint64_t now_us)
{
    if (now_us - motion->ticked_us > (uint64_t)MAX_TICKS_AT_ONCE * AXIS_TICK_US) {
        motion->ticked_us = now_us - AXIS_TICK_US; /* kept from running: go on slowly, do not leap */
    }
    while (now_us - motion->ticked_us >= AXIS_TICK_US) {
        motion->ticked_us += AXIS_TICK_US;
        if (motion->moves && motion->ticked_us >= motion->end_us) {
            motion_halt(motion, DOCK_EXPIRED);
        }
        tick(motion);
    }
    if (motion->moves && has_target(&motion->command) && is_reached(motion, encoder_mdeg)) {
        motion_halt(motion, DOCK_REACHED);
    }
}

uint16_t motion_id(const struct motion *motion)
{
    return motion->moves ? motion->command.id : 0;
}

bool motion_fetch_end(struct motion *motion, uint16_t *id, uint8_t *outcome)
{
    bool has_ended = motion->has_ended;
    motion->has_ended = false;
    *id = motion->ended_id;
    *outcome = motion->ended_outcome;
    return has_ended;
}
