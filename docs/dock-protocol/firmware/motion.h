/* Which motion is obeyed, how long it lives and how it ends. Knows nothing of messages' way or of the hardware. */
#ifndef DOCK_MOTION_H
#define DOCK_MOTION_H

#include "axis.h"
#include "codec.h"

enum { MOTION_AXES = 2, MOTION_MAX_TTL_MS = 500, MOTION_OBEYED = 0 };

/* A Drive, MoveTo or Park. For a Drive `goal` are rates (mdps), otherwise positions (mdeg). */
struct motion_command {
    uint8_t type;
    uint16_t id;
    uint16_t ttl_ms;
    uint64_t issued_us;
    int32_t goal[MOTION_AXES];
    int32_t max_rate_mdps; /* 0: as fast as the axes can */
};

struct motion {
    struct axis axes[MOTION_AXES]; /* pan, tilt */
    uint64_t ticked_us;
    bool has_last;
    uint16_t last_id; /* of the newest command or Stop of this conversation */
    bool moves;
    struct motion_command command; /* the one under way */
    uint64_t end_us;
    bool has_ended; /* a MoveTo or Park ended that was not fetched yet */
    uint16_t ended_id;
    uint8_t ended_outcome;
};

void motion_init(struct motion *motion, const struct axis_limits limits[MOTION_AXES],
                 const int32_t at_mdeg[MOTION_AXES]);

/* Another host: brake, tell nobody, and take whatever id comes first. */
void motion_restart(struct motion *motion);

/* Whether a command would count as one: newer than the last, or a renewal of the motion under way. An old one is
 * neither obeyed nor refused. */
bool motion_is_fresh(const struct motion *motion, const struct motion_command *command);

/* Obey a fresh command, or say why not (a refusal code): first what would be wrong at any time, then its age, then a
 * fault that bars motion. */
uint8_t motion_take(struct motion *motion, const struct motion_command *command, bool barred, uint64_t now_us);

/* A Stop with this id: brake, unless a newer command came already. */
void motion_stop(struct motion *motion, uint16_t id);

/* Brake and end the motion under way with this outcome. */
void motion_halt(struct motion *motion, uint8_t outcome);

/* Spend the milliseconds that went by. `encoder_mdeg` says when a target is reached. */
void motion_advance(struct motion *motion, const int32_t encoder_mdeg[MOTION_AXES], uint64_t now_us);

/* The id of the motion under way, 0 at rest. */
uint16_t motion_id(const struct motion *motion);

/* Fetch the end of a MoveTo or Park, each once. Ask after every call above that can end one. */
bool motion_fetch_end(struct motion *motion, uint16_t *id, uint8_t *outcome);

#endif
