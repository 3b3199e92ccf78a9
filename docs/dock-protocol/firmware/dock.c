#include "dock.h"

#include <string.h>

enum {
    HOST_SILENCE_US = 3000000,
    LAMP_HOLD_US = 2000000,
    RECEIVE_BYTES = DOCK_MAX_FRAME_BYTES,
    RECEIVES_A_RUN = 8 /* a host that floods may not keep the motors waiting */
};

void dock_init(struct dock *dock, const struct dock_config *config)
{
    int32_t at_mdeg[MOTION_AXES];
    memset(dock, 0, sizeof *dock);
    dock->config = config;
    dock->boot_id = hal_boot_id();
    dock_stream_init(&dock->stream);
    for (uint8_t i = 0; i < MOTION_AXES; i++) {
        hal_axis((uint8_t)(DOCK_AXIS_PAN + i), &dock->axes[i]);
        at_mdeg[i] = dock->axes[i].position_mdeg;
    }
    motion_init(&dock->motion, config->axes, at_mdeg);
    dock->motion.ticked_us = hal_time_us();
    hal_lights(false, false);
}

void dock_send(struct dock *dock, const struct dock_message *message)
{
    uint8_t payload[DOCK_MAX_PAYLOAD_BYTES];
    uint8_t wire[DOCK_MAX_STREAM_BYTES];
    struct dock_frame frame = {
        .version = DOCK_PROTOCOL_VERSION,
        .type = message->type,
        .sequence = ++dock->sequence,
        .length = (uint16_t)dock_encode(message, payload),
        .payload = payload,
    };
    bool whole = dock->link == HAL_DATAGRAMS;
    size_t length = whole ? dock_datagram_encode(&frame, wire) : dock_stream_encode(&frame, wire);
    (void)hal_send(dock->link, wire, length); /* what must arrive is sent again, the rest is old by then */
}

static void receive_stream(struct dock *dock, const uint8_t *data, size_t length, uint64_t now_us)
{
    struct dock_frame frame;
    for (size_t i = 0; i < length; i++) {
        if (dock_stream_feed(&dock->stream, data[i], &frame)) {
            dock_on_frame(dock, HAL_STREAM, &frame, now_us);
        }
    }
}

static void receive_datagram(struct dock *dock, const uint8_t *data, size_t length, uint64_t now_us)
{
    struct dock_frame frame;
    if (dock_datagram_decode(data, length, &frame)) {
        dock_on_frame(dock, HAL_DATAGRAMS, &frame, now_us);
    }
}

static void receive(struct dock *dock, uint8_t link)
{
    uint8_t data[RECEIVE_BYTES];
    for (int i = 0; i < RECEIVES_A_RUN; i++) {
        size_t length = hal_receive(link, data, sizeof data);
        uint64_t now_us = hal_time_us();
        if (length == 0) {
            return;
        }
        if (link == HAL_DATAGRAMS) {
            receive_datagram(dock, data, length, now_us);
        } else {
            receive_stream(dock, data, length, now_us);
        }
    }
}

static void move(struct dock *dock, uint64_t now_us)
{
    const int32_t encoder_mdeg[MOTION_AXES] = {dock->axes[0].position_mdeg, dock->axes[1].position_mdeg};
    motion_advance(&dock->motion, encoder_mdeg, now_us);
    dock_tell_motion_end(dock, now_us);
    for (uint8_t i = 0; i < MOTION_AXES; i++) {
        const struct axis *axis = &dock->motion.axes[i];
        hal_motor((uint8_t)(DOCK_AXIS_PAN + i), axis_position_mdeg(axis), axis_rate_mdps(axis));
    }
}

static void light(struct dock *dock, uint64_t now_us)
{
    const struct dock_talk *talk = &dock->talk;
    bool marker_lamp = talk->is_on && talk->lamp_on && now_us - talk->lamp_heard_us <= LAMP_HOLD_US;
    bool identify = now_us < dock->identify_until_us;
    if (marker_lamp != dock->lit_marker_lamp || identify != dock->lit_identify) {
        dock->lit_marker_lamp = marker_lamp;
        dock->lit_identify = identify;
        hal_lights(marker_lamp, identify);
    }
}

void dock_run(struct dock *dock)
{
    for (uint8_t link = 0; link < HAL_LINKS; link++) {
        receive(dock, link);
    }
    uint64_t now_us = hal_time_us();
    if (dock->talk.is_on && now_us - dock->talk.heard_us > HOST_SILENCE_US) {
        dock->talk.is_on = false;
    }
    dock_sense(dock, now_us);
    move(dock, now_us);
    light(dock, now_us);
    dock_report(dock, now_us);
}
