/* The dock that the host program pretends to be: the state behind the ten functions in hal_host.c. */
#ifndef DOCK_HOST_H
#define DOCK_HOST_H

#include "hal.h"

enum { HOST_AXES = 2, HOST_MARKERS = 4, HOST_PRESSES = 8 };

struct host_axis {
    int64_t position_udeg; /* of the motor */
    int32_t rate_mdps;
    bool stalled;
    bool over_current;
    bool at_end_stop;
};

struct host {
    int fd; /* pty or packet socket to the driver */
    uint8_t link; /* HAL_STREAM or HAL_DATAGRAMS */
    uint64_t boot_ns; /* CLOCK_MONOTONIC */
    uint64_t longest_pause_ns; /* between two runs of the core */
    struct host_axis axes[HOST_AXES];
    struct hal_marker markers[HOST_MARKERS]; /* marker_id 0: none; time_us: when it is measured next */
    struct hal_press presses[HOST_PRESSES];
    int press_count;
    struct hal_power power;
    bool marker_lamp;
    bool identify;
};

extern struct host host;

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t host_monotonic_ns(void);

/* Hand the driver what hal_send could not write at once. */
void host_flush(void);

#endif
