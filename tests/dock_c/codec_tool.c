/* The C codec behind stdin and stdout, for comparison with another one.
 *
 * A request is `op u8 | length u16 | data`, little-endian; an answer is `length u32 | data`.
 * op 's': data is the next piece of the stream; 'r': forget the stream, data is empty; 'd': data is one datagram;
 * 'm': data is `type u8 | sequence u16 | payload`. Answers:
 * 's': every completed frame as `version u8 | type u8 | sequence u16 | length u16 | payload`, then the counters
 *      `damaged u32 | foreign u32 | foreign_version i16`; 'd': that frame or nothing;
 * 'm': `decoded u8`, then, if 0, re-encoded, each behind its length u16: payload, stream form, datagram; then the raw
 *      message struct.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

enum { MAX_ANSWER_BYTES = 1 << 22, MAX_REQUEST_BYTES = 1 << 16 };

static uint8_t request[MAX_REQUEST_BYTES];
static uint8_t answer[MAX_ANSWER_BYTES];
static size_t answer_length;

static void put(const void *data, size_t length)
{
    if (length > sizeof answer - answer_length) {
        abort();
    }
    memcpy(answer + answer_length, data, length);
    answer_length += length;
}

static void put_number(uint32_t value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        put(&byte, 1);
    }
}

static void put_block(const uint8_t *data, size_t length)
{
    put_number((uint32_t)length, 2);
    put(data, length);
}

static void put_frame(const struct dock_frame *frame)
{
    put_number(frame->version, 1);
    put_number(frame->type, 1);
    put_number(frame->sequence, 2);
    put_number(frame->length, 2);
    put(frame->payload, frame->length);
}

static void feed(struct dock_stream *stream, size_t length)
{
    struct dock_frame frame;
    for (size_t i = 0; i < length; i++) {
        if (dock_stream_feed(stream, request[i], &frame)) {
            put_frame(&frame);
        }
    }
    put_number(stream->damaged, 4);
    put_number(stream->foreign, 4);
    put_number((uint16_t)stream->foreign_version, 2);
}

static void datagram(size_t length)
{
    struct dock_frame frame;
    if (dock_datagram_decode(request, length, &frame)) {
        put_frame(&frame);
    }
}

static void through_message(size_t length)
{
    uint16_t sequence = (uint16_t)(request[1] | (request[2] << 8));
    struct dock_frame frame = {DOCK_PROTOCOL_VERSION, request[0], sequence, (uint16_t)(length - 3), request + 3};
    struct dock_message message;
    enum dock_decoded decoded = dock_decode(&frame, &message);
    put_number(decoded, 1);
    if (decoded != DOCK_DECODED) {
        return;
    }
    uint8_t payload[DOCK_MAX_PAYLOAD_BYTES];
    uint8_t wire[DOCK_MAX_STREAM_BYTES];
    frame.payload = payload;
    frame.length = (uint16_t)dock_encode(&message, payload);
    put_block(payload, frame.length);
    put_block(wire, dock_stream_encode(&frame, wire));
    put_block(wire, dock_datagram_encode(&frame, wire));
    put(&message.as, sizeof message.as);
}

int main(void)
{
    struct dock_stream stream;
    uint8_t head[3];
    dock_stream_init(&stream);
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t length = (size_t)(head[1] | (head[2] << 8));
        if (fread(request, 1, length, stdin) != length) {
            return EXIT_FAILURE;
        }
        answer_length = 0;
        switch (head[0]) {
        case 's': feed(&stream, length); break;
        case 'r': dock_stream_init(&stream); break;
        case 'd': datagram(length); break;
        case 'm': through_message(length); break;
        default: return EXIT_FAILURE;
        }
        for (size_t i = 0; i < 4; i++) {
            putchar((int)(answer_length >> (8 * i)) & 0xFF);
        }
        fwrite(answer, 1, answer_length, stdout);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
