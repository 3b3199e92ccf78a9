#include "codec.h"

#include <string.h>

enum { CRC_START = 0xFFFF, CRC_POLYNOMIAL = 0x1021, HALF_CIRCLE = 0x8000, DELIMITER = 0 };

/* ---- frames ---- */

/* CRC-16/CCITT-FALSE, most significant bit first. */
static uint16_t crc16(const uint8_t *data, size_t length)
{
    uint16_t crc = CRC_START;
    for (size_t i = 0; i < length; i++) {
        crc = (uint16_t)(crc ^ (data[i] << 8));
        for (int bit = 0; bit < 8; bit++) {
            bool carry = (crc & 0x8000) != 0;
            crc = (uint16_t)(crc << 1);
            if (carry) {
                crc ^= CRC_POLYNOMIAL;
            }
        }
    }
    return crc;
}

static uint16_t load_u16(const uint8_t *data)
{
    return (uint16_t)(data[0] | (data[1] << 8));
}

static void store_u16(uint8_t *data, uint16_t value)
{
    data[0] = (uint8_t)value;
    data[1] = (uint8_t)(value >> 8);
}

bool dock_datagram_decode(const uint8_t *data, size_t length, struct dock_frame *frame)
{
    if (length < DOCK_HEADER_BYTES || length > DOCK_MAX_FRAME_BYTES) {
        return false;
    }
    frame->version = data[0];
    frame->type = data[1];
    frame->sequence = load_u16(data + 2);
    frame->length = load_u16(data + 4);
    frame->payload = data + DOCK_HEADER_BYTES;
    return length == (size_t)DOCK_HEADER_BYTES + frame->length;
}

size_t dock_datagram_encode(const struct dock_frame *frame, uint8_t out[DOCK_MAX_FRAME_BYTES])
{
    if (frame->length > DOCK_MAX_PAYLOAD_BYTES) {
        return 0;
    }
    out[0] = frame->version;
    out[1] = frame->type;
    store_u16(out + 2, frame->sequence);
    store_u16(out + 4, frame->length);
    if (frame->length > 0) {
        memcpy(out + DOCK_HEADER_BYTES, frame->payload, frame->length);
    }
    return (size_t)DOCK_HEADER_BYTES + frame->length;
}

/* Put COBS around `length` bytes that lie at out + 1. A frame is shorter than COBS's longest run, so each run between
 * zeros is one block: every zero, and the place before the first byte, becomes the distance to the next zero or end. */
static size_t stuff(uint8_t *out, size_t length)
{
    size_t code_at = 0;
    for (size_t i = 1; i <= length; i++) {
        if (out[i] == DELIMITER) {
            out[code_at] = (uint8_t)(i - code_at);
            code_at = i;
        }
    }
    out[code_at] = (uint8_t)(length + 1 - code_at);
    out[length + 1] = DELIMITER;
    return length + 2;
}

/* Undo COBS in place; the content then lies at block + 1. False where the distances do not meet the end. */
static bool unstuff(uint8_t *block, size_t length)
{
    size_t code_at = 0;
    while (code_at < length) {
        size_t next = code_at + block[code_at];
        block[code_at] = 0;
        code_at = next;
    }
    return code_at == length;
}

size_t dock_stream_encode(const struct dock_frame *frame, uint8_t out[DOCK_MAX_STREAM_BYTES])
{
    size_t length = dock_datagram_encode(frame, out + 1);
    if (length == 0) {
        return 0;
    }
    store_u16(out + 1 + length, crc16(out + 1, length));
    return stuff(out, length + DOCK_CRC_BYTES);
}

void dock_stream_init(struct dock_stream *stream)
{
    memset(stream, 0, sizeof *stream);
    stream->foreign_version = DOCK_NO_VERSION;
}

/* The frame in the block that a delimiter just ended. */
static bool checked(struct dock_stream *stream, size_t length, struct dock_frame *frame)
{
    if (stream->overlong || length < 1 + DOCK_HEADER_BYTES + DOCK_CRC_BYTES || !unstuff(stream->block, length)) {
        return false;
    }
    const uint8_t *content = stream->block + 1;
    size_t content_length = length - 1 - DOCK_CRC_BYTES;
    if (crc16(content, content_length) != load_u16(content + content_length)) {
        return false;
    }
    return dock_datagram_decode(content, content_length, frame);
}

static bool finish(struct dock_stream *stream, struct dock_frame *frame)
{
    bool empty = stream->length == 0 && !stream->overlong; /* delimiters in a row: a sender that clears the line */
    bool good = !empty && checked(stream, stream->length, frame);
    stream->length = 0;
    stream->overlong = false;
    if (!good) {
        stream->damaged += empty ? 0 : 1;
        return false;
    }
    if (frame->version != DOCK_PROTOCOL_VERSION) {
        stream->foreign++;
        stream->foreign_version = frame->version;
    }
    return true;
}

bool dock_stream_feed(struct dock_stream *stream, uint8_t byte, struct dock_frame *frame)
{
    if (byte == DELIMITER) {
        return finish(stream, frame);
    }
    if (stream->length == DOCK_MAX_BLOCK_BYTES) {
        stream->overlong = true;
    } else {
        stream->block[stream->length++] = byte;
    }
    return false;
}

/* ---- messages: one function each describes the layout, for reading and for writing ---- */

struct cursor {
    uint8_t *out;      /* writing; NULL when reading */
    const uint8_t *in; /* reading; NULL when writing */
    size_t left;
    bool good;
};

/* The next `count` bytes as a little-endian number: written from `value`, or read and returned. */
static uint64_t number(struct cursor *at, uint64_t value, size_t count)
{
    if (!at->good || at->left < count) {
        at->good = false;
        return 0;
    }
    uint64_t result = 0;
    for (size_t i = 0; i < count; i++) {
        if (at->out != NULL) {
            *at->out++ = (uint8_t)(value >> (8 * i));
        } else {
            result |= (uint64_t)*at->in++ << (8 * i);
        }
    }
    at->left -= count;
    return at->out != NULL ? value : result;
}

static void u8(struct cursor *at, uint8_t *field) { *field = (uint8_t)number(at, *field, 1); }
static void u16(struct cursor *at, uint16_t *field) { *field = (uint16_t)number(at, *field, 2); }
static void u32(struct cursor *at, uint32_t *field) { *field = (uint32_t)number(at, *field, 4); }
static void u64(struct cursor *at, uint64_t *field) { *field = number(at, *field, 8); }
static void flag(struct cursor *at, bool *field) { *field = number(at, *field ? 1 : 0, 1) != 0; }
static void i16(struct cursor *at, int16_t *field) { *field = (int16_t)(uint16_t)number(at, (uint16_t)*field, 2); }
static void i32(struct cursor *at, int32_t *field) { *field = (int32_t)(uint32_t)number(at, (uint32_t)*field, 4); }

static uint8_t text_limit(size_t length)
{
    return (uint8_t)(length < DOCK_MAX_TEXT_BYTES ? length : DOCK_MAX_TEXT_BYTES);
}

static void text(struct cursor *at, struct dock_text *field)
{
    uint8_t length = text_limit(field->length);
    u8(at, &length);
    if (!at->good || at->left < length) {
        at->good = false;
        return;
    }
    field->length = text_limit(length);
    at->left -= length;
    if (at->out != NULL) {
        memcpy(at->out, field->bytes, length);
        at->out += length;
    } else {
        memcpy(field->bytes, at->in, field->length);
        at->in += length;
    }
}

static void hello(struct cursor *at, struct dock_hello *m)
{
    u32(at, &m->session_id);
    u8(at, &m->minor);
    text(at, &m->host);
}

static void hello_reply(struct cursor *at, struct dock_hello_reply *m)
{
    u32(at, &m->session_id);
    u32(at, &m->boot_id);
    u64(at, &m->time_us);
    u8(at, &m->minor);
    u8(at, &m->max_markers);
    u16(at, &m->features);
    i32(at, &m->pan_min_mdeg);
    i32(at, &m->pan_max_mdeg);
    i32(at, &m->tilt_min_mdeg);
    i32(at, &m->tilt_max_mdeg);
    i32(at, &m->pan_max_rate_mdps);
    i32(at, &m->tilt_max_rate_mdps);
    i32(at, &m->pan_max_acceleration_mdps2);
    i32(at, &m->tilt_max_acceleration_mdps2);
    text(at, &m->model);
    text(at, &m->firmware);
    text(at, &m->serial_number);
    text(at, &m->microphone);
}

static void ack(struct cursor *at, struct dock_ack *m)
{
    u8(at, &m->acked);
    u16(at, &m->id);
}

static void refusal(struct cursor *at, struct dock_refusal *m)
{
    u8(at, &m->refused);
    u16(at, &m->id);
    u8(at, &m->code);
}

static void clock_reply(struct cursor *at, struct dock_clock_reply *m)
{
    u64(at, &m->host_us);
    u64(at, &m->received_us);
    u64(at, &m->sent_us);
}

static void identify(struct cursor *at, struct dock_identify *m)
{
    u16(at, &m->id);
    u16(at, &m->duration_ms);
}

static void drive(struct cursor *at, struct dock_drive *m)
{
    u16(at, &m->id);
    u16(at, &m->ttl_ms);
    u64(at, &m->issued_us);
    i32(at, &m->pan_rate_mdps);
    i32(at, &m->tilt_rate_mdps);
}

static void move_to(struct cursor *at, struct dock_move_to *m)
{
    u16(at, &m->id);
    u16(at, &m->ttl_ms);
    u64(at, &m->issued_us);
    i32(at, &m->pan_mdeg);
    i32(at, &m->tilt_mdeg);
    i32(at, &m->max_rate_mdps);
}

static void park(struct cursor *at, struct dock_park *m)
{
    u16(at, &m->id);
    u16(at, &m->ttl_ms);
    u64(at, &m->issued_us);
}

static void follow_marker(struct cursor *at, struct dock_follow_marker *m)
{
    u16(at, &m->id);
    u16(at, &m->marker_id);
}

static void clear_fault(struct cursor *at, struct dock_clear_fault *m)
{
    u16(at, &m->id);
    u8(at, &m->fault);
}

static void pose(struct cursor *at, struct dock_pose *m)
{
    u64(at, &m->time_us);
    i32(at, &m->pan_mdeg);
    i32(at, &m->tilt_mdeg);
    i32(at, &m->pan_rate_mdps);
    i32(at, &m->tilt_rate_mdps);
    u16(at, &m->motion_id);
}

static void marker_report(struct cursor *at, struct dock_marker_report *m)
{
    u64(at, &m->time_us);
    u16(at, &m->marker_id);
    u8(at, &m->role);
    u8(at, &m->quality);
    i32(at, &m->azimuth_mdeg);
    i32(at, &m->elevation_mdeg);
}

static void marker_status(struct cursor *at, struct dock_marker_status *m)
{
    u16(at, &m->marker_id);
    u8(at, &m->role);
    u8(at, &m->flags);
    u8(at, &m->battery_percent);
}

static void button(struct cursor *at, struct dock_button *m)
{
    u16(at, &m->id);
    u16(at, &m->marker_id);
    u64(at, &m->time_us);
    u8(at, &m->press);
}

static void dock_status(struct cursor *at, struct dock_dock_status *m)
{
    u8(at, &m->battery_percent);
    u8(at, &m->power_source);
    flag(at, &m->charging);
    i16(at, &m->temperature_dc);
}

static void fault(struct cursor *at, struct dock_fault *m)
{
    u16(at, &m->id);
    u64(at, &m->time_us);
    u8(at, &m->fault);
    u8(at, &m->axis);
    flag(at, &m->active);
}

static void motion_done(struct cursor *at, struct dock_motion_done *m)
{
    u16(at, &m->id);
    u16(at, &m->motion_id);
    u64(at, &m->time_us);
    i32(at, &m->pan_mdeg);
    i32(at, &m->tilt_mdeg);
    u8(at, &m->outcome);
}

/* False for an unknown type. */
static bool fields(struct cursor *at, struct dock_message *m)
{
    switch (m->type) {
    case DOCK_HELLO: hello(at, &m->as.hello); return true;
    case DOCK_HELLO_REPLY: hello_reply(at, &m->as.hello_reply); return true;
    case DOCK_ACK: ack(at, &m->as.ack); return true;
    case DOCK_REFUSAL: refusal(at, &m->as.refusal); return true;
    case DOCK_CLOCK_REQUEST: u64(at, &m->as.clock_request.host_us); return true;
    case DOCK_CLOCK_REPLY: clock_reply(at, &m->as.clock_reply); return true;
    case DOCK_IDENTIFY: identify(at, &m->as.identify); return true;
    case DOCK_DRIVE: drive(at, &m->as.drive); return true;
    case DOCK_MOVE_TO: move_to(at, &m->as.move_to); return true;
    case DOCK_STOP: u16(at, &m->as.stop.id); return true;
    case DOCK_PARK: park(at, &m->as.park); return true;
    case DOCK_MARKER_LAMP: flag(at, &m->as.marker_lamp.on); return true;
    case DOCK_FOLLOW_MARKER: follow_marker(at, &m->as.follow_marker); return true;
    case DOCK_CLEAR_FAULT: clear_fault(at, &m->as.clear_fault); return true;
    case DOCK_POSE: pose(at, &m->as.pose); return true;
    case DOCK_MARKER_REPORT: marker_report(at, &m->as.marker_report); return true;
    case DOCK_MARKER_STATUS: marker_status(at, &m->as.marker_status); return true;
    case DOCK_BUTTON: button(at, &m->as.button); return true;
    case DOCK_DOCK_STATUS: dock_status(at, &m->as.dock_status); return true;
    case DOCK_FAULT: fault(at, &m->as.fault); return true;
    case DOCK_MOTION_DONE: motion_done(at, &m->as.motion_done); return true;
    default: return false;
    }
}

enum dock_decoded dock_decode(const struct dock_frame *frame, struct dock_message *message)
{
    memset(message, 0, sizeof *message);
    message->type = frame->type;
    struct cursor at = {.in = frame->payload, .left = frame->length, .good = true};
    if (!fields(&at, message)) {
        return DOCK_UNKNOWN_TYPE;
    }
    return at.good ? DOCK_DECODED : DOCK_TOO_SHORT;
}

size_t dock_encode(const struct dock_message *message, uint8_t payload[DOCK_MAX_PAYLOAD_BYTES])
{
    struct dock_message copy = *message;
    struct cursor at = {.out = payload, .left = DOCK_MAX_PAYLOAD_BYTES, .good = true};
    bool known = fields(&at, &copy);
    return known && at.good ? (size_t)(at.out - payload) : 0;
}

bool dock_is_newer(uint16_t number, uint16_t than)
{
    uint16_t ahead = (uint16_t)(number - than);
    return ahead > 0 && ahead < HALF_CIRCLE;
}

struct dock_text dock_text_of(const char *terminated)
{
    struct dock_text result = {0, {0}};
    size_t length = strlen(terminated);
    if (length > DOCK_MAX_TEXT_BYTES) {
        length = DOCK_MAX_TEXT_BYTES;
        while (length > 0 && ((uint8_t)terminated[length] & 0xC0) == 0x80) {
            length--; /* never cut inside a UTF-8 sequence */
        }
    }
    result.length = (uint8_t)length;
    memcpy(result.bytes, terminated, length);
    return result;
}
