/* The dock's answers: what each message of the host does. */

#include <string.h>

#include "dock.h"

enum { US_PER_MS = 1000, DONE = 0, NO_ID = 0 };

static void refuse(struct dock *dock, uint8_t type, uint16_t id, uint8_t code)
{
    struct dock_message message = {.type = DOCK_REFUSAL, .as.refusal = {type, id, code}};
    dock_send(dock, &message);
}

static void acknowledge(struct dock *dock, uint8_t type, uint16_t id)
{
    struct dock_message message = {.type = DOCK_ACK, .as.ack = {type, id}};
    dock_send(dock, &message);
}

/* ---- hello ---- */

static void tell_standing_faults(struct dock *dock, uint64_t now_us)
{
    for (uint8_t code = 0; code < FAULTS_CODES; code++) {
        for (uint8_t axis = 0; axis < FAULTS_AXES; axis++) {
            if (dock->faults.standing[code][axis]) {
                dock_tell_fault(dock, code, axis, true, now_us);
            }
        }
    }
}

static void begin_talk(struct dock *dock, uint32_t session_id, uint64_t now_us)
{
    memset(&dock->talk, 0, sizeof dock->talk);
    dock->talk.is_on = true;
    dock->talk.session_id = session_id;
    dock->talk.pose_due_us = now_us;
    dock->talk.status_due_us = now_us;
    motion_restart(&dock->motion);
    events_drop(&dock->events, DOCK_MOTION_DONE);
    events_drop(&dock->events, DOCK_FAULT);
    tell_standing_faults(dock, now_us);
}

static void reply_to_hello(struct dock *dock, uint64_t now_us)
{
    const struct dock_config *config = dock->config;
    const struct axis_limits *pan = &config->axes[0];
    const struct axis_limits *tilt = &config->axes[1];
    struct dock_message message = {.type = DOCK_HELLO_REPLY};
    struct dock_hello_reply *reply = &message.as.hello_reply;
    reply->session_id = dock->talk.session_id;
    reply->boot_id = dock->boot_id;
    reply->time_us = now_us;
    reply->minor = DOCK_PROTOCOL_MINOR;
    reply->max_markers = (config->features & DOCK_HAS_MARKER) != 0 ? MARKERS_MAX : 0;
    reply->features = config->features;
    reply->pan_min_mdeg = pan->min_mdeg;
    reply->pan_max_mdeg = pan->max_mdeg;
    reply->tilt_min_mdeg = tilt->min_mdeg;
    reply->tilt_max_mdeg = tilt->max_mdeg;
    reply->pan_max_rate_mdps = pan->max_rate_mdps;
    reply->tilt_max_rate_mdps = tilt->max_rate_mdps;
    reply->pan_max_acceleration_mdps2 = pan->max_acceleration_mdps2;
    reply->tilt_max_acceleration_mdps2 = tilt->max_acceleration_mdps2;
    reply->model = dock_text_of(config->model);
    reply->firmware = dock_text_of(config->firmware);
    reply->serial_number = dock_text_of(config->serial_number);
    reply->microphone = dock_text_of(config->microphone);
    dock_send(dock, &message);
}

static void on_hello(struct dock *dock, const struct dock_hello *hello, uint64_t now_us)
{
    if (!dock->talk.is_on || dock->talk.session_id != hello->session_id) {
        begin_talk(dock, hello->session_id, now_us);
    }
    dock->talk.heard_us = now_us;
    reply_to_hello(dock, now_us);
}

/* ---- motion ---- */

/* The message as a motion command; false for any other message. */
static bool as_motion(const struct dock *dock, const struct dock_message *message, struct motion_command *command)
{
    memset(command, 0, sizeof *command);
    command->type = message->type;
    switch (message->type) {
    case DOCK_DRIVE:
        command->id = message->as.drive.id;
        command->ttl_ms = message->as.drive.ttl_ms;
        command->issued_us = message->as.drive.issued_us;
        command->goal[0] = message->as.drive.pan_rate_mdps;
        command->goal[1] = message->as.drive.tilt_rate_mdps;
        return true;
    case DOCK_MOVE_TO:
        command->id = message->as.move_to.id;
        command->ttl_ms = message->as.move_to.ttl_ms;
        command->issued_us = message->as.move_to.issued_us;
        command->goal[0] = message->as.move_to.pan_mdeg;
        command->goal[1] = message->as.move_to.tilt_mdeg;
        command->max_rate_mdps = message->as.move_to.max_rate_mdps;
        return true;
    case DOCK_PARK:
        command->id = message->as.park.id;
        command->ttl_ms = message->as.park.ttl_ms;
        command->issued_us = message->as.park.issued_us;
        command->goal[0] = dock->config->park_mdeg[0];
        command->goal[1] = dock->config->park_mdeg[1];
        return true;
    default:
        return false;
    }
}

static void on_motion(struct dock *dock, const struct motion_command *command, uint64_t now_us)
{
    if (!motion_is_fresh(&dock->motion, command)) {
        return;
    }
    uint8_t refusal = DOCK_NOT_SUPPORTED;
    if (command->type != DOCK_PARK || (dock->config->features & DOCK_HAS_PARK) != 0) {
        refusal = motion_take(&dock->motion, command, faults_block_motion(&dock->faults), now_us);
    }
    if (refusal != MOTION_OBEYED) {
        refuse(dock, command->type, command->id, refusal);
    }
    dock_tell_motion_end(dock, now_us);
}

static void on_stop(struct dock *dock, uint16_t id, uint64_t now_us)
{
    motion_stop(&dock->motion, id);
    dock_tell_motion_end(dock, now_us);
    acknowledge(dock, DOCK_STOP, id);
}

/* ---- requests: carried out once, acknowledged as often as they come ---- */

static uint8_t identify(struct dock *dock, uint16_t duration_ms, uint64_t now_us)
{
    if ((dock->config->features & DOCK_HAS_IDENTIFY) == 0) {
        return DOCK_NOT_SUPPORTED;
    }
    dock->identify_until_us = now_us + (uint64_t)duration_ms * US_PER_MS;
    return DONE;
}

static uint8_t follow_marker(struct dock *dock, uint16_t marker_id)
{
    if ((dock->config->features & DOCK_HAS_MARKER) == 0) {
        return DOCK_NOT_SUPPORTED;
    }
    return markers_follow(&dock->markers, marker_id) ? DONE : DOCK_UNKNOWN_MARKER;
}

static uint8_t clear_fault(struct dock *dock, uint8_t wanted, uint64_t now_us)
{
    uint8_t refusal = DONE;
    for (uint8_t code = DOCK_FAULT_STALL; code < FAULTS_CODES; code++) {
        for (uint8_t axis = 0; axis < FAULTS_AXES; axis++) {
            if (!dock->faults.standing[code][axis] || (wanted != DOCK_FAULT_ALL && wanted != code)) {
                continue;
            }
            if (faults_clear(&dock->faults, code, axis)) {
                dock_tell_fault(dock, code, axis, false, now_us);
            } else {
                refusal = DOCK_FAULT_STANDS;
            }
        }
    }
    return refusal;
}

static uint8_t carry_out(struct dock *dock, const struct dock_message *message, uint64_t now_us)
{
    switch (message->type) {
    case DOCK_IDENTIFY: return identify(dock, message->as.identify.duration_ms, now_us);
    case DOCK_FOLLOW_MARKER: return follow_marker(dock, message->as.follow_marker.marker_id);
    default: return clear_fault(dock, message->as.clear_fault.fault, now_us);
    }
}

static void on_request(struct dock *dock, const struct dock_message *message, int kind, uint16_t id, uint64_t now_us)
{
    struct dock_talk *talk = &dock->talk;
    if (!talk->has_request[kind] || dock_is_newer(id, talk->newest_request[kind])) {
        uint8_t refusal = carry_out(dock, message, now_us);
        if (refusal != DONE) {
            refuse(dock, message->type, id, refusal);
            return;
        }
        talk->has_request[kind] = true;
        talk->newest_request[kind] = id;
    }
    acknowledge(dock, message->type, id);
}

/* ---- the rest ---- */

static void on_marker_lamp(struct dock *dock, bool on, uint16_t sequence, uint64_t now_us)
{
    struct dock_talk *talk = &dock->talk;
    if (talk->has_lamp_sequence && !dock_is_newer(sequence, talk->lamp_sequence)) {
        return; /* overtaken by a newer one */
    }
    talk->has_lamp_sequence = true;
    talk->lamp_sequence = sequence;
    talk->lamp_on = on;
    talk->lamp_heard_us = now_us;
}

static void on_clock_request(struct dock *dock, uint64_t host_us, uint64_t received_us)
{
    struct dock_message message = {.type = DOCK_CLOCK_REPLY};
    message.as.clock_reply.host_us = host_us;
    message.as.clock_reply.received_us = received_us;
    message.as.clock_reply.sent_us = hal_time_us();
    dock_send(dock, &message);
}

static void refuse_stranger(struct dock *dock, const struct dock_message *message)
{
    struct motion_command command;
    if (as_motion(dock, message, &command)) {
        refuse(dock, message->type, command.id, DOCK_NO_HELLO);
    } else if (message->type == DOCK_STOP) {
        refuse(dock, message->type, message->as.stop.id, DOCK_NO_HELLO);
    } else if (message->type == DOCK_CLOCK_REQUEST) {
        refuse(dock, message->type, NO_ID, DOCK_NO_HELLO);
    }
}

static void obey(struct dock *dock, const struct dock_message *message, uint16_t sequence, uint64_t now_us)
{
    struct motion_command command;
    if (as_motion(dock, message, &command)) {
        on_motion(dock, &command, now_us);
        return;
    }
    switch (message->type) {
    case DOCK_STOP: on_stop(dock, message->as.stop.id, now_us); break;
    case DOCK_MARKER_LAMP: on_marker_lamp(dock, message->as.marker_lamp.on, sequence, now_us); break;
    case DOCK_CLOCK_REQUEST: on_clock_request(dock, message->as.clock_request.host_us, now_us); break;
    case DOCK_IDENTIFY: on_request(dock, message, 0, message->as.identify.id, now_us); break;
    case DOCK_FOLLOW_MARKER: on_request(dock, message, 1, message->as.follow_marker.id, now_us); break;
    case DOCK_CLEAR_FAULT: on_request(dock, message, 2, message->as.clear_fault.id, now_us); break;
    case DOCK_ACK: events_acknowledged(&dock->events, message->as.ack.acked, message->as.ack.id); break;
    default: break; /* a dock's own message, which no host sends */
    }
}

/* Whether a frame over this link concerns the dock now: it is silent to all but the last host that said hello. */
static bool is_heard(const struct dock *dock, uint8_t link, enum dock_decoded decoded, uint8_t type)
{
    bool greets = decoded == DOCK_DECODED && type == DOCK_HELLO;
    return !dock->talk.is_on || link == dock->link || greets;
}

void dock_on_frame(struct dock *dock, uint8_t link, const struct dock_frame *frame, uint64_t now_us)
{
    struct dock_message message;
    bool foreign = frame->version != DOCK_PROTOCOL_VERSION;
    enum dock_decoded decoded = foreign ? DOCK_UNKNOWN_TYPE : dock_decode(frame, &message);
    if (!is_heard(dock, link, decoded, frame->type)) {
        return;
    }
    dock->link = link;
    if (foreign) {
        refuse(dock, DOCK_HELLO, NO_ID, DOCK_VERSION);
    } else if (decoded == DOCK_DECODED && message.type == DOCK_HELLO) {
        on_hello(dock, &message.as.hello, now_us);
    } else if (!dock->talk.is_on) {
        if (decoded == DOCK_DECODED) {
            refuse_stranger(dock, &message);
        }
    } else if (decoded == DOCK_TOO_SHORT) {
        refuse(dock, frame->type, NO_ID, DOCK_MALFORMED);
    } else {
        dock->talk.heard_us = now_us;
        if (decoded == DOCK_DECODED) {
            obey(dock, &message, frame->sequence, now_us);
        }
    }
}
