/* Followspot dock protocol, version 1: reference codec in C99, for either end.
 *
 * `docs/dock-protocol.md` is the contract; names here are those of the document, with the unit that travels:
 * mdeg millidegrees, mdps millidegrees per second, mdps2 millidegrees per second squared, us microseconds.
 * No malloc, no floating point, no globals. Everything is bounded.
 */
#ifndef DOCK_CODEC_H
#define DOCK_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DOCK_PROTOCOL_VERSION = 1,
    DOCK_PROTOCOL_MINOR = 0,
    DOCK_HEADER_BYTES = 6,
    DOCK_CRC_BYTES = 2,
    DOCK_MAX_PAYLOAD_BYTES = 238,
    DOCK_MAX_FRAME_BYTES = DOCK_HEADER_BYTES + DOCK_MAX_PAYLOAD_BYTES, /* one datagram */
    DOCK_MAX_BLOCK_BYTES = DOCK_MAX_FRAME_BYTES + DOCK_CRC_BYTES + 1,  /* between delimiters: COBS adds one */
    DOCK_MAX_STREAM_BYTES = DOCK_MAX_BLOCK_BYTES + 1,                  /* with its delimiter */
    DOCK_MAX_TEXT_BYTES = 32,
    DOCK_NO_VERSION = -1
};

/* Message types. */
enum {
    DOCK_HELLO = 0x01,
    DOCK_HELLO_REPLY = 0x02,
    DOCK_ACK = 0x03,
    DOCK_REFUSAL = 0x04,
    DOCK_CLOCK_REQUEST = 0x05,
    DOCK_CLOCK_REPLY = 0x06,
    DOCK_IDENTIFY = 0x07,
    DOCK_DRIVE = 0x10,
    DOCK_MOVE_TO = 0x11,
    DOCK_STOP = 0x12,
    DOCK_PARK = 0x13,
    DOCK_MARKER_LAMP = 0x14,
    DOCK_FOLLOW_MARKER = 0x15,
    DOCK_CLEAR_FAULT = 0x16,
    DOCK_POSE = 0x20,
    DOCK_MARKER_REPORT = 0x21,
    DOCK_MARKER_STATUS = 0x22,
    DOCK_BUTTON = 0x23,
    DOCK_DOCK_STATUS = 0x24,
    DOCK_FAULT = 0x25,
    DOCK_MOTION_DONE = 0x26
};

/* Code tables: a receiver must stand values that are not listed. */
enum { DOCK_ROLE_PRIMARY = 1, DOCK_ROLE_SECONDARY = 2 };
enum { DOCK_PRESS_SHORT = 1, DOCK_PRESS_DOUBLE = 2, DOCK_PRESS_LONG = 3 };
enum {
    DOCK_FAULT_ALL = 0,
    DOCK_FAULT_STALL = 1,
    DOCK_FAULT_OVER_CURRENT = 2,
    DOCK_FAULT_BROWN_OUT = 3,
    DOCK_FAULT_END_STOP = 4
};
enum { DOCK_AXIS_NONE = 0, DOCK_AXIS_PAN = 1, DOCK_AXIS_TILT = 2 };
enum { DOCK_POWER_UNKNOWN = 0, DOCK_POWER_BATTERY = 1, DOCK_POWER_USB = 2, DOCK_POWER_MAINS = 3 };
enum { DOCK_REACHED = 1, DOCK_EXPIRED = 2, DOCK_REPLACED = 3, DOCK_STOPPED = 4, DOCK_FAILED = 5 };
enum {
    DOCK_NO_HELLO = 1,
    DOCK_TTL_OUT_OF_RANGE = 2,
    DOCK_VALUE_OUT_OF_RANGE = 3,
    DOCK_FAULT_STANDS = 4,
    DOCK_TOO_OLD = 5,
    DOCK_VERSION = 6,
    DOCK_NOT_SUPPORTED = 7,
    DOCK_UNKNOWN_MARKER = 8,
    DOCK_MALFORMED = 9
};
enum {
    DOCK_HAS_MARKER = 1,
    DOCK_HAS_MARKER_BUTTON = 2,
    DOCK_HAS_MARKER_LAMP = 4,
    DOCK_HAS_MICROPHONE = 8,
    DOCK_HAS_GRAVITY = 16,
    DOCK_HAS_BATTERY = 32,
    DOCK_HAS_THERMOMETER = 64,
    DOCK_HAS_PARK = 128,
    DOCK_HAS_IDENTIFY = 256
};
enum { DOCK_MARKER_CHARGING = 1, DOCK_MARKER_IN_BAY = 2, DOCK_MARKER_MUTED = 4 };
enum { DOCK_UNKNOWN_PERCENT = 255, DOCK_UNKNOWN_TEMPERATURE = -0x8000 };

/* UTF-8, not terminated. */
struct dock_text {
    uint8_t length;
    char bytes[DOCK_MAX_TEXT_BYTES];
};

struct dock_hello {
    uint32_t session_id;
    uint8_t minor;
    struct dock_text host;
};
struct dock_hello_reply {
    uint32_t session_id;
    uint32_t boot_id;
    uint64_t time_us;
    uint8_t minor;
    uint8_t max_markers;
    uint16_t features;
    int32_t pan_min_mdeg;
    int32_t pan_max_mdeg;
    int32_t tilt_min_mdeg;
    int32_t tilt_max_mdeg;
    int32_t pan_max_rate_mdps;
    int32_t tilt_max_rate_mdps;
    int32_t pan_max_acceleration_mdps2;
    int32_t tilt_max_acceleration_mdps2;
    struct dock_text model;
    struct dock_text firmware;
    struct dock_text serial_number;
    struct dock_text microphone;
};
struct dock_ack {
    uint8_t acked;
    uint16_t id;
};
struct dock_refusal {
    uint8_t refused;
    uint16_t id;
    uint8_t code;
};
struct dock_clock_request {
    uint64_t host_us;
};
struct dock_clock_reply {
    uint64_t host_us;
    uint64_t received_us;
    uint64_t sent_us;
};
struct dock_identify {
    uint16_t id;
    uint16_t duration_ms;
};
struct dock_drive {
    uint16_t id;
    uint16_t ttl_ms;
    uint64_t issued_us;
    int32_t pan_rate_mdps;
    int32_t tilt_rate_mdps;
};
struct dock_move_to {
    uint16_t id;
    uint16_t ttl_ms;
    uint64_t issued_us;
    int32_t pan_mdeg;
    int32_t tilt_mdeg;
    int32_t max_rate_mdps;
};
struct dock_stop {
    uint16_t id;
};
struct dock_park {
    uint16_t id;
    uint16_t ttl_ms;
    uint64_t issued_us;
};
struct dock_marker_lamp {
    bool on;
};
struct dock_follow_marker {
    uint16_t id;
    uint16_t marker_id;
};
struct dock_clear_fault {
    uint16_t id;
    uint8_t fault;
};
struct dock_pose {
    uint64_t time_us;
    int32_t pan_mdeg;
    int32_t tilt_mdeg;
    int32_t pan_rate_mdps;
    int32_t tilt_rate_mdps;
    uint16_t motion_id;
};
struct dock_marker_report {
    uint64_t time_us;
    uint16_t marker_id;
    uint8_t role;
    uint8_t quality; /* 0 to 255 stands for 0 to 1 */
    int32_t azimuth_mdeg;
    int32_t elevation_mdeg;
};
struct dock_marker_status {
    uint16_t marker_id;
    uint8_t role;
    uint8_t flags;
    uint8_t battery_percent;
};
struct dock_button {
    uint16_t id;
    uint16_t marker_id;
    uint64_t time_us;
    uint8_t press;
};
struct dock_dock_status {
    uint8_t battery_percent;
    uint8_t power_source;
    bool charging;
    int16_t temperature_dc; /* tenths of a degree Celsius */
};
struct dock_fault {
    uint16_t id;
    uint64_t time_us;
    uint8_t fault;
    uint8_t axis;
    bool active;
};
struct dock_motion_done {
    uint16_t id;
    uint16_t motion_id;
    uint64_t time_us;
    int32_t pan_mdeg;
    int32_t tilt_mdeg;
    uint8_t outcome;
};

/* One message: `type` says which member of `as` counts. */
struct dock_message {
    uint8_t type;
    union {
        struct dock_hello hello;
        struct dock_hello_reply hello_reply;
        struct dock_ack ack;
        struct dock_refusal refusal;
        struct dock_clock_request clock_request;
        struct dock_clock_reply clock_reply;
        struct dock_identify identify;
        struct dock_drive drive;
        struct dock_move_to move_to;
        struct dock_stop stop;
        struct dock_park park;
        struct dock_marker_lamp marker_lamp;
        struct dock_follow_marker follow_marker;
        struct dock_clear_fault clear_fault;
        struct dock_pose pose;
        struct dock_marker_report marker_report;
        struct dock_marker_status marker_status;
        struct dock_button button;
        struct dock_dock_status dock_status;
        struct dock_fault fault;
        struct dock_motion_done motion_done;
    } as;
};

/* One undamaged frame. `payload` of a received frame points into the receiver's buffer until its next byte. */
struct dock_frame {
    uint8_t version;
    uint8_t type;
    uint16_t sequence;
    uint16_t length;
    const uint8_t *payload;
};

/* The receiving end of a byte stream: at most one frame's worth of bytes. */
struct dock_stream {
    uint8_t block[DOCK_MAX_BLOCK_BYTES];
    uint16_t length;
    bool overlong;
    uint32_t damaged;        /* blocks that were no frame */
    uint32_t foreign;        /* undamaged frames of other versions */
    int16_t foreign_version; /* of the last of these, or DOCK_NO_VERSION */
};

enum dock_decoded { DOCK_DECODED, DOCK_UNKNOWN_TYPE, DOCK_TOO_SHORT };

/* Start, or start again, with nothing received. */
void dock_stream_init(struct dock_stream *stream);

/* Take one received byte. True when it completes an undamaged frame, of any version: look at `frame->version`. */
bool dock_stream_feed(struct dock_stream *stream, uint8_t byte, struct dock_frame *frame);

/* Write the frame as it goes on a stream, delimiter included; how many bytes that is, 0 for too long a payload. */
size_t dock_stream_encode(const struct dock_frame *frame, uint8_t out[DOCK_MAX_STREAM_BYTES]);

/* Where the transport keeps packets whole (a GATT attribute value): the frame in a datagram. False where it holds none,
 * or a part of one. */
bool dock_datagram_decode(const uint8_t *data, size_t length, struct dock_frame *frame);

/* Write the frame as a datagram; how many bytes that is, 0 for too long a payload. */
size_t dock_datagram_encode(const struct dock_frame *frame, uint8_t out[DOCK_MAX_FRAME_BYTES]);

/* The message in a frame of this version. A longer payload than is known here is fine; a longer text is cut. */
enum dock_decoded dock_decode(const struct dock_frame *frame, struct dock_message *message);

/* Write the message's payload; how many bytes that is, 0 for an unknown type. Texts longer than the limit are cut. */
size_t dock_encode(const struct dock_message *message, uint8_t payload[DOCK_MAX_PAYLOAD_BYTES]);

/* Whether a wrapping 16-bit number comes after another (RFC 1982). */
bool dock_is_newer(uint16_t number, uint16_t than);

/* A text of at most DOCK_MAX_TEXT_BYTES, cut between characters. */
struct dock_text dock_text_of(const char *terminated);

#endif
