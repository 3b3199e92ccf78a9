/* The firmware core on a computer, in real time, behind a pseudo-terminal that a driver opens like any USB dock.
 *
 *     dock-host LINK        make a pty and name it by the symbolic link LINK
 *     dock-host -d FD       talk in datagrams over FD, an inherited packet socket
 *
 * Lines on standard input play the world; its end ends the program:
 *
 *     marker ID AZIMUTH_MDEG ELEVATION_MDEG QUALITY BATTERY_PERCENT FLAGS
 *     press ID CODE                 1 short, 2 double, 3 long
 *     stall AXIS 0|1                likewise over-current, end-stop; AXIS 1 is pan, 2 tilt
 *     brown-out 0|1
 *     state                         answered by one line of JSON; stalled_ms is the longest time since the last one in
 *                                   which the computer did not run this program
 */

#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 600

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "dock.h"
#include "host.h"

enum { LINE_BYTES = 256, TICK_MS = 1, NS_PER_MS = 1000000 };

static const struct dock_config CONFIG = {
    .model = "Reference dock",
    .firmware = "1.0",
    .serial_number = "HOST-0001",
    .microphone = "",
    .features = DOCK_HAS_MARKER | DOCK_HAS_MARKER_BUTTON | DOCK_HAS_MARKER_LAMP | DOCK_HAS_BATTERY |
                DOCK_HAS_THERMOMETER | DOCK_HAS_PARK | DOCK_HAS_IDENTIFY,
    .axes = {{-170000, 170000, 120000, 400000, 16000000}, {-30000, 50000, 90000, 400000, 16000000}},
    .park_mdeg = {0, -20000},
    .stall_mdeg = 3000,
};

/* Somebody is there from the start. */
static const struct hal_marker FIRST_MARKER = {
    .marker_id = 1, .quality = 200, .azimuth_mdeg = 20000, .elevation_mdeg = 5000, .battery_percent = 74};

static struct dock dock;

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* Keeps the terminal's own end open: without that the pty hangs up whenever no driver has it open. */
static int open_pty(const char *link)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        fail("pty");
    }
    const char *name = ptsname(master);
    int slave = open(name, O_RDWR | O_NOCTTY);
    struct termios raw;
    if (slave < 0 || tcgetattr(slave, &raw) != 0) {
        fail(name);
    }
    cfmakeraw(&raw);
    if (tcsetattr(slave, TCSANOW, &raw) != 0) {
        fail(name);
    }
    (void)unlink(link);
    if (symlink(name, link) != 0) {
        fail(link);
    }
    return master;
}

static void print_state(void)
{
    printf("{\"boot_ns\": %" PRIu64 ", \"time_us\": %" PRIu64 ", \"pan_mdeg\": %" PRId64 ", \"tilt_mdeg\": %" PRId64
           ", \"motion_id\": %u, \"marker_lamp\": %s, \"identify\": %s, \"damaged\": %" PRIu32
           ", \"stalled_ms\": %" PRIu64 "}\n",
           host.boot_ns, hal_time_us(), host.axes[0].position_udeg / 1000, host.axes[1].position_udeg / 1000,
           motion_id(&dock.motion), host.marker_lamp ? "true" : "false", host.identify ? "true" : "false",
           dock.stream.damaged, host.longest_pause_ns / NS_PER_MS);
    fflush(stdout);
    host.longest_pause_ns = 0;
}

static void set_marker(const int value[6])
{
    for (int i = 0; i < HOST_MARKERS; i++) {
        struct hal_marker *marker = &host.markers[i];
        if (marker->marker_id != 0 && marker->marker_id != value[0]) {
            continue;
        }
        marker->marker_id = (uint16_t)value[0];
        marker->azimuth_mdeg = value[1];
        marker->elevation_mdeg = value[2];
        marker->quality = (uint8_t)value[3];
        marker->battery_percent = (uint8_t)value[4];
        marker->flags = (uint8_t)value[5];
        return;
    }
}

static void add_press(int marker_id, int press)
{
    if (host.press_count < HOST_PRESSES) {
        host.presses[host.press_count++] = (struct hal_press){(uint16_t)marker_id, hal_time_us(), (uint8_t)press};
    }
}

static void set_fault(const char *what, int axis, int on)
{
    if (axis < DOCK_AXIS_PAN || axis > DOCK_AXIS_TILT) {
        return;
    }
    struct host_axis *motor = &host.axes[axis - DOCK_AXIS_PAN];
    if (strcmp(what, "stall") == 0) {
        motor->stalled = on != 0;
    } else if (strcmp(what, "over-current") == 0) {
        motor->over_current = on != 0;
    } else if (strcmp(what, "end-stop") == 0) {
        motor->at_end_stop = on != 0;
    }
}

static void obey_line(const char *line)
{
    char what[16];
    int value[6] = {0};
    int count = sscanf(line, "%15s %d %d %d %d %d %d", what, &value[0], &value[1], &value[2], &value[3], &value[4],
                       &value[5]) - 1;
    if (count == 0 && strcmp(what, "state") == 0) {
        print_state();
    } else if (count == 1 && strcmp(what, "brown-out") == 0) {
        host.power.brown_out = value[0] != 0;
    } else if (count == 2 && strcmp(what, "press") == 0) {
        add_press(value[0], value[1]);
    } else if (count == 2) {
        set_fault(what, value[0], value[1]);
    } else if (count == 6 && strcmp(what, "marker") == 0) {
        set_marker(value);
    }
}

/* Take what is on standard input; false at its end. */
static bool read_lines(void)
{
    static char line[LINE_BYTES];
    static size_t length;
    char byte;
    ssize_t got;
    while ((got = read(STDIN_FILENO, &byte, 1)) == 1) {
        if (byte == '\n') {
            line[length] = '\0';
            obey_line(line);
            length = 0;
        } else if (length < sizeof line - 1) {
            line[length++] = byte;
        }
    }
    return got != 0;
}

static void serve(void)
{
    struct pollfd sources[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = host.fd, .events = POLLIN}};
    uint64_t ran_ns = host_monotonic_ns();
    do {
        (void)poll(sources, 2, TICK_MS);
        uint64_t now_ns = host_monotonic_ns();
        host.longest_pause_ns = now_ns - ran_ns > host.longest_pause_ns ? now_ns - ran_ns : host.longest_pause_ns;
        ran_ns = now_ns;
        host_flush();
        dock_run(&dock);
    } while (read_lines());
}

int main(int argc, char **argv)
{
    bool datagrams = argc == 3 && strcmp(argv[1], "-d") == 0;
    if (argc != 2 && !datagrams) {
        fprintf(stderr, "usage: dock-host LINK | dock-host -d FD\n");
        return EXIT_FAILURE;
    }
    host.link = datagrams ? HAL_DATAGRAMS : HAL_STREAM;
    host.fd = datagrams ? atoi(argv[2]) : open_pty(argv[1]);
    if (fcntl(host.fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) != 0) {
        fail("non-blocking");
    }
    host.boot_ns = host_monotonic_ns();
    host.power = (struct hal_power){.source = DOCK_POWER_BATTERY, .battery_percent = 88, .temperature_dc = 315};
    host.markers[0] = FIRST_MARKER;
    dock_init(&dock, &CONFIG);
    serve();
    if (!datagrams) {
        (void)unlink(argv[1]);
    }
    return EXIT_SUCCESS;
}
