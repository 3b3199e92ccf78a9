/* What the dock tells of itself: faults, poses, statuses, markers, events. */

#include "dock.h"

enum { POSE_US = 20000, STATUS_US = 1000000, STALL_US = 200000, EVENTS_A_RUN = 4, MARKERS_A_RUN = 4 };

void dock_tell_fault(struct dock *dock, uint8_t code, uint8_t axis, bool active, uint64_t now_us)
{
    struct dock_fault *fault = &events_add(&dock->events, DOCK_FAULT, now_us)->as.fault;
    fault->time_us = now_us;
    fault->fault = code;
    fault->axis = axis;
    fault->active = active;
}

void dock_tell_motion_end(struct dock *dock, uint64_t now_us)
{
    uint16_t id;
    uint8_t outcome;
    if (!motion_fetch_end(&dock->motion, &id, &outcome)) {
        return;
    }
    struct dock_motion_done *done = &events_add(&dock->events, DOCK_MOTION_DONE, now_us)->as.motion_done;
    done->motion_id = id;
    done->time_us = now_us;
    done->pan_mdeg = dock->axes[0].position_mdeg;
    done->tilt_mdeg = dock->axes[1].position_mdeg;
    done->outcome = outcome;
}

/* ---- faults ---- */

static void note_fault(struct dock *dock, uint8_t code, uint8_t axis, bool caused, uint64_t now_us)
{
    if (!faults_note(&dock->faults, code, axis, caused)) {
        return;
    }
    dock_tell_fault(dock, code, axis, true, now_us);
    motion_halt(&dock->motion, DOCK_FAILED);
    if (axis != DOCK_AXIS_NONE) {
        int i = axis - DOCK_AXIS_PAN;
        axis_place(&dock->motion.axes[i], dock->axes[i].position_mdeg); /* stop pushing */
    }
}

static bool is_stalled(struct dock *dock, int i, uint64_t now_us)
{
    int64_t error_mdeg = (int64_t)axis_position_mdeg(&dock->motion.axes[i]) - dock->axes[i].position_mdeg;
    if (error_mdeg < dock->config->stall_mdeg && error_mdeg > -dock->config->stall_mdeg) {
        dock->astray_since_us[i] = 0;
        return false;
    }
    if (dock->astray_since_us[i] == 0) {
        dock->astray_since_us[i] = now_us;
    }
    return now_us - dock->astray_since_us[i] >= STALL_US;
}

void dock_sense(struct dock *dock, uint64_t now_us)
{
    hal_power(&dock->power);
    note_fault(dock, DOCK_FAULT_BROWN_OUT, DOCK_AXIS_NONE, dock->power.brown_out, now_us);
    for (int i = 0; i < MOTION_AXES; i++) {
        uint8_t axis = (uint8_t)(DOCK_AXIS_PAN + i);
        hal_axis(axis, &dock->axes[i]);
        note_fault(dock, DOCK_FAULT_OVER_CURRENT, axis, dock->axes[i].over_current, now_us);
        note_fault(dock, DOCK_FAULT_END_STOP, axis, dock->axes[i].at_end_stop, now_us);
        note_fault(dock, DOCK_FAULT_STALL, axis, is_stalled(dock, i, now_us), now_us);
    }
}

/* ---- reports ---- */

/* Whether a report is due, on a fixed grid; beats that were missed altogether are not made up for. */
static bool is_due(uint64_t *due_us, uint64_t period_us, uint64_t now_us)
{
    if (now_us < *due_us) {
        return false;
    }
    *due_us += period_us * ((now_us - *due_us) / period_us + 1);
    return true;
}

static void report_pose(struct dock *dock, uint64_t now_us)
{
    struct dock_message message = {.type = DOCK_POSE};
    struct dock_pose *pose = &message.as.pose;
    pose->time_us = now_us;
    pose->pan_mdeg = dock->axes[0].position_mdeg;
    pose->tilt_mdeg = dock->axes[1].position_mdeg;
    pose->pan_rate_mdps = dock->axes[0].rate_mdps;
    pose->tilt_rate_mdps = dock->axes[1].rate_mdps;
    pose->motion_id = motion_id(&dock->motion);
    dock_send(dock, &message);
}

static void report_dock_status(struct dock *dock, bool due)
{
    struct dock_message message = {.type = DOCK_DOCK_STATUS};
    struct dock_dock_status *status = &message.as.dock_status;
    struct dock_dock_status *told = &dock->talk.told;
    status->battery_percent = dock->power.battery_percent;
    status->power_source = dock->power.source;
    status->charging = dock->power.charging;
    status->temperature_dc = dock->power.temperature_dc;
    bool changed = status->battery_percent != told->battery_percent || status->power_source != told->power_source ||
                   status->charging != told->charging || status->temperature_dc != told->temperature_dc;
    if (due || changed) {
        *told = *status;
        dock_send(dock, &message);
    }
}

static void report_marker(struct dock *dock, const struct hal_marker *measured)
{
    struct dock_message message = {.type = DOCK_MARKER_REPORT};
    struct dock_marker_report *report = &message.as.marker_report;
    report->time_us = measured->time_us;
    report->marker_id = measured->marker_id;
    report->role = markers_role(&dock->markers, measured->marker_id);
    report->quality = measured->quality;
    report->azimuth_mdeg = measured->azimuth_mdeg;
    report->elevation_mdeg = measured->elevation_mdeg;
    dock_send(dock, &message);
}

static void take_markers(struct dock *dock, uint64_t now_us)
{
    struct hal_marker measured;
    markers_expire(&dock->markers, now_us);
    for (int i = 0; i < MARKERS_A_RUN && hal_marker(&measured); i++) {
        markers_heard(&dock->markers, &measured, now_us);
        if (dock->talk.is_on) {
            report_marker(dock, &measured);
        }
    }
}

static void take_presses(struct dock *dock, uint64_t now_us)
{
    struct hal_press press;
    while (hal_press(&press)) {
        struct dock_button *button = &events_add(&dock->events, DOCK_BUTTON, now_us)->as.button;
        button->marker_id = press.marker_id;
        button->time_us = press.time_us;
        button->press = press.press;
    }
}

static void report_markers_status(struct dock *dock, bool due)
{
    struct dock_message message = {.type = DOCK_MARKER_STATUS};
    if (due) {
        markers_tell_again(&dock->markers);
    }
    while (markers_next_status(&dock->markers, &message.as.marker_status)) {
        dock_send(dock, &message);
    }
}

static void report_events(struct dock *dock, uint64_t now_us)
{
    struct dock_message message;
    for (int i = 0; i < EVENTS_A_RUN && events_next(&dock->events, now_us, &message); i++) {
        dock_send(dock, &message);
    }
}

void dock_report(struct dock *dock, uint64_t now_us)
{
    events_expire(&dock->events, now_us);
    take_presses(dock, now_us);
    take_markers(dock, now_us);
    if (!dock->talk.is_on) {
        return;
    }
    if (is_due(&dock->talk.pose_due_us, POSE_US, now_us)) {
        report_pose(dock, now_us);
    }
    bool status_due = is_due(&dock->talk.status_due_us, STATUS_US, now_us);
    report_dock_status(dock, status_due);
    report_markers_status(dock, status_due);
    report_events(dock, now_us);
}
