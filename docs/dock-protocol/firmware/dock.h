/* The dock's firmware core: the dock's side of the protocol over the ten functions of hal.h.
 *
 * One static `struct dock` is all the memory it needs. Call `dock_init` once and `dock_run` for ever, at least once a
 * millisecond.
 */
#ifndef DOCK_DOCK_H
#define DOCK_DOCK_H

#include "events.h"
#include "faults.h"
#include "hal.h"
#include "markers.h"
#include "motion.h"

/* What this dock is; must outlive the core. */
struct dock_config {
    const char *model;
    const char *firmware;
    const char *serial_number;
    const char *microphone; /* name of its sound device, "" for none */
    uint16_t features;      /* DOCK_HAS_... */
    struct axis_limits axes[MOTION_AXES];
    int32_t park_mdeg[MOTION_AXES];
    int32_t stall_mdeg; /* a motor that is this far from where it should be does not turn */
};

enum { DOCK_REQUESTS = 3 }; /* Identify, FollowMarker, ClearFault */

/* What lives from one Hello to the next. */
struct dock_talk {
    bool is_on;
    uint32_t session_id;
    uint64_t heard_us;
    uint64_t pose_due_us;
    uint64_t status_due_us;
    bool lamp_on;
    uint64_t lamp_heard_us;
    bool has_lamp_sequence;
    uint16_t lamp_sequence;
    bool has_request[DOCK_REQUESTS];
    uint16_t newest_request[DOCK_REQUESTS];
    struct dock_dock_status told;
};

struct dock {
    const struct dock_config *config;
    uint32_t boot_id;
    uint8_t link; /* where the host is: frames go there */
    uint16_t sequence;
    struct dock_stream stream;
    struct dock_talk talk;
    struct motion motion;
    struct events events;
    struct faults faults;
    struct markers markers;
    struct hal_axis axes[MOTION_AXES]; /* as last read */
    struct hal_power power;
    uint64_t astray_since_us[MOTION_AXES]; /* since when the motor is not where it should be; 0: it is */
    uint64_t identify_until_us;
    bool lit_marker_lamp;
    bool lit_identify;
};

void dock_init(struct dock *dock, const struct dock_config *config);
void dock_run(struct dock *dock);

/* Between the files of the core. */

/* Send a message as the next frame, or drop it where the transport has no room. */
void dock_send(struct dock *dock, const struct dock_message *message);

/* A frame of any version came in over `link` at `now_us`. */
void dock_on_frame(struct dock *dock, uint8_t link, const struct dock_frame *frame, uint64_t now_us);

/* Tell the host that a fault began or ended. */
void dock_tell_fault(struct dock *dock, uint8_t code, uint8_t axis, bool active, uint64_t now_us);

/* Tell the host of a motion's end, if one ended. */
void dock_tell_motion_end(struct dock *dock, uint64_t now_us);

/* Read axes and power, and let a fault that begins end the motion. */
void dock_sense(struct dock *dock, uint64_t now_us);

/* Send the poses, statuses, marker reports and events that are due. */
void dock_report(struct dock *dock, uint64_t now_us);

#endif
