/* The ten functions of hal.h on a model: motors that lag a little, markers and presses that are told from outside. */

#define _DEFAULT_SOURCE

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

enum {
    NS_PER_S = 1000000000,
    NS_PER_US = 1000,
    UDEG_PER_MDEG = 1000,
    CLOCK_PPM = 40, /* an ordinary crystal is wrong by this much */
    PPM = 1000000,
    MOTOR_LAG = 8, /* milliseconds until a motor made up for two thirds of an error */
    MARKER_US = 33333,
    UNSENT_BYTES = 4096 /* beyond this a driver that does not read loses whole frames, as behind a USB bridge */
};

struct host host;

static uint8_t unsent[UNSENT_BYTES];
static size_t unsent_length;

uint64_t host_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void host_flush(void)
{
    ssize_t written = unsent_length > 0 ? write(host.fd, unsent, unsent_length) : 0;
    if (written > 0) {
        unsent_length -= (size_t)written;
        memmove(unsent, unsent + written, unsent_length);
    }
}

uint64_t hal_time_us(void)
{
    uint64_t up_ns = host_monotonic_ns() - host.boot_ns;
    return (up_ns + up_ns / PPM * CLOCK_PPM) / NS_PER_US;
}

uint32_t hal_boot_id(void)
{
    return (uint32_t)(host.boot_ns ^ (host.boot_ns >> 32) ^ ((uint64_t)getpid() << 16));
}

size_t hal_receive(uint8_t link, uint8_t *data, size_t capacity)
{
    if (link != host.link) {
        return 0;
    }
    ssize_t length = read(host.fd, data, capacity);
    return length > 0 ? (size_t)length : 0;
}

bool hal_send(uint8_t link, const uint8_t *frame, size_t length)
{
    if (link == HAL_DATAGRAMS) {
        return write(host.fd, frame, length) == (ssize_t)length;
    }
    if (length > sizeof unsent - unsent_length) {
        return false;
    }
    memcpy(unsent + unsent_length, frame, length);
    unsent_length += length;
    host_flush();
    return true;
}

void hal_motor(uint8_t axis, int32_t position_mdeg, int32_t rate_mdps)
{
    struct host_axis *motor = &host.axes[axis - DOCK_AXIS_PAN];
    int64_t wanted_udeg = (int64_t)position_mdeg * UDEG_PER_MDEG;
    motor->rate_mdps = motor->stalled ? 0 : rate_mdps;
    if (!motor->stalled) {
        motor->position_udeg += (wanted_udeg - motor->position_udeg) / MOTOR_LAG;
    }
}

void hal_axis(uint8_t axis, struct hal_axis *state)
{
    const struct host_axis *motor = &host.axes[axis - DOCK_AXIS_PAN];
    state->position_mdeg = (int32_t)(motor->position_udeg / UDEG_PER_MDEG);
    state->rate_mdps = motor->rate_mdps;
    state->over_current = motor->over_current;
    state->at_end_stop = motor->at_end_stop;
}

bool hal_marker(struct hal_marker *marker)
{
    uint64_t now_us = hal_time_us();
    for (int i = 0; i < HOST_MARKERS; i++) {
        struct hal_marker *known = &host.markers[i];
        if (known->marker_id != 0 && now_us >= known->time_us) {
            known->time_us = now_us + MARKER_US;
            *marker = *known;
            marker->time_us = now_us;
            return true;
        }
    }
    return false;
}

bool hal_press(struct hal_press *press)
{
    if (host.press_count == 0) {
        return false;
    }
    *press = host.presses[0];
    host.press_count--;
    memmove(host.presses, host.presses + 1, (size_t)host.press_count * sizeof host.presses[0]);
    return true;
}

void hal_power(struct hal_power *power)
{
    *power = host.power;
}

void hal_lights(bool marker_lamp, bool identify)
{
    host.marker_lamp = marker_lamp;
    host.identify = identify;
}
