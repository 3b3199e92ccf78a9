/* The hardware behind the dock's firmware: ten functions, which the dock maker writes.
 *
 * All are called from `dock_init` and `dock_run`, never from an interrupt, and must return at once. Angles are
 * millidegrees in the dock's base frame, positive right and up. `axis` is DOCK_AXIS_PAN or DOCK_AXIS_TILT.
 */
#ifndef DOCK_HAL_H
#define DOCK_HAL_H

#include "codec.h"

/* The ways to a host. A dock has one or both; it answers where the last Hello came. */
enum { HAL_STREAM = 0, HAL_DATAGRAMS = 1, HAL_LINKS = 2 }; /* USB or UART; Bluetooth LE */

/* What one axis tells. */
struct hal_axis {
    int32_t position_mdeg; /* of the encoder; without one, what the motor was last told */
    int32_t rate_mdps;
    bool over_current;
    bool at_end_stop;
};

/* One marker, as just measured. Report each some 30 times a second, also while it is not seen (quality 0). */
struct hal_marker {
    uint16_t marker_id;
    uint64_t time_us; /* when it was there, on the clock of hal_time_us */
    uint8_t quality;  /* 0 not seen, to 255 */
    int32_t azimuth_mdeg;
    int32_t elevation_mdeg;
    uint8_t battery_percent; /* or DOCK_UNKNOWN_PERCENT */
    uint8_t flags;           /* DOCK_MARKER_... */
};

/* One press of a marker's button, told once, when it is known which press it was. */
struct hal_press {
    uint16_t marker_id;
    uint64_t time_us; /* when the button went down */
    uint8_t press;    /* DOCK_PRESS_... */
};

/* How the dock is fed. */
struct hal_power {
    uint8_t source;          /* DOCK_POWER_... */
    uint8_t battery_percent; /* or DOCK_UNKNOWN_PERCENT */
    bool charging;
    bool brown_out;         /* the supply is too weak for the motors now */
    int16_t temperature_dc; /* tenths of a degree Celsius, or DOCK_UNKNOWN_TEMPERATURE */
};

/* 1. Microseconds since boot. Never steps, never wraps (64 bits). */
uint64_t hal_time_us(void);

/* 2. A number that differs at every boot: from noise, or a counter in flash. */
uint32_t hal_boot_id(void);

/* 3. Take what came over this link: up to `capacity` bytes of a stream, or one whole datagram; 0 when nothing did, or
 * the dock has no such link. */
size_t hal_receive(uint8_t link, uint8_t *data, size_t capacity);

/* 4. Send one whole frame over this link, or return false and send nothing of it. Never waits. */
bool hal_send(uint8_t link, const uint8_t *frame, size_t length);

/* 5. Be at this position now, turning at this rate: called for both axes every millisecond. */
void hal_motor(uint8_t axis, int32_t position_mdeg, int32_t rate_mdps);

/* 6. Where the axis is, and what troubles it. */
void hal_axis(uint8_t axis, struct hal_axis *state);

/* 7. The next marker measurement that was not told yet; false when there is none. */
bool hal_marker(struct hal_marker *marker);

/* 8. The next button press that was not told yet; false when there is none. */
bool hal_press(struct hal_press *press);

/* 9. Power and warmth. */
void hal_power(struct hal_power *power);

/* 10. The recording light on every marker, and the lamp by which a person finds this dock; called at each change. */
void hal_lights(bool marker_lamp, bool identify);

#endif
