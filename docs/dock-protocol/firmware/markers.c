#include "markers.h"

#include <string.h>

enum { FORGOTTEN_US = 5000000 };

static struct marker *find(struct markers *markers, uint16_t id)
{
    for (int i = 0; i < MARKERS_MAX; i++) {
        if (markers->known[i].id == id) {
            return &markers->known[i];
        }
    }
    return NULL;
}

static struct marker *place_for(struct markers *markers, uint16_t id)
{
    struct marker *marker = find(markers, id);
    marker = marker != NULL ? marker : find(markers, 0);
    if (marker != NULL) {
        return marker;
    }
    marker = &markers->known[0];
    for (int i = 1; i < MARKERS_MAX; i++) {
        if (markers->known[i].heard_us < marker->heard_us) {
            marker = &markers->known[i];
        }
    }
    memset(marker, 0, sizeof *marker);
    return marker;
}

void markers_heard(struct markers *markers, const struct hal_marker *measured, uint64_t now_us)
{
    if (measured->marker_id == 0) {
        return; /* no marker has this id */
    }
    struct marker *marker = place_for(markers, measured->marker_id);
    marker->id = measured->marker_id;
    marker->heard_us = now_us;
    if (markers->primary_id == 0) {
        markers->primary_id = measured->marker_id;
    }
    marker->present.marker_id = measured->marker_id;
    marker->present.flags = measured->flags;
    marker->present.battery_percent = measured->battery_percent;
}

void markers_expire(struct markers *markers, uint64_t now_us)
{
    for (int i = 0; i < MARKERS_MAX; i++) {
        if (now_us - markers->known[i].heard_us > FORGOTTEN_US) {
            memset(&markers->known[i], 0, sizeof markers->known[i]);
        }
    }
}

bool markers_follow(struct markers *markers, uint16_t marker_id)
{
    if (marker_id == 0 || find(markers, marker_id) == NULL) {
        return false;
    }
    markers->primary_id = marker_id;
    return true;
}

uint8_t markers_role(const struct markers *markers, uint16_t marker_id)
{
    return marker_id == markers->primary_id ? DOCK_ROLE_PRIMARY : DOCK_ROLE_SECONDARY;
}

void markers_tell_again(struct markers *markers)
{
    for (int i = 0; i < MARKERS_MAX; i++) {
        memset(&markers->known[i].told, 0, sizeof markers->known[i].told);
    }
}

static bool is_told(const struct marker *marker)
{
    const struct dock_marker_status *told = &marker->told;
    const struct dock_marker_status *present = &marker->present;
    return told->marker_id == present->marker_id && told->role == present->role && told->flags == present->flags &&
           told->battery_percent == present->battery_percent;
}

bool markers_next_status(struct markers *markers, struct dock_marker_status *status)
{
    for (int i = 0; i < MARKERS_MAX; i++) {
        struct marker *marker = &markers->known[i];
        if (marker->id == 0) {
            continue;
        }
        marker->present.role = markers_role(markers, marker->id);
        if (!is_told(marker)) {
            marker->told = marker->present;
            *status = marker->present;
            return true;
        }
    }
    return false;
}
