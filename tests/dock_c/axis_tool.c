/* An axis in steps of a tick: `t TARGET_MDEG MAX_RATE_MDPS TICKS`, `r RATE_MDPS 0 TICKS` or `p POSITION_MDEG 0 0` on
 * standard input; after every tick its position in nanodegrees, and whether it rests. */
#include <inttypes.h>
#include <stdio.h>

#include "axis.h"

int main(void)
{
    static const struct axis_limits limits = {-30000, 50000, 90000, 400000, 16000000};
    static struct axis axis;
    char mode;
    int32_t goal;
    int32_t max_rate_mdps;
    int ticks;
    axis_init(&axis, &limits, 0);
    while (scanf(" %c %" SCNd32 " %" SCNd32 " %d", &mode, &goal, &max_rate_mdps, &ticks) == 4) {
        if (mode == 'p') {
            axis_place(&axis, goal);
        }
        for (int i = 0; i < ticks; i++) {
            if (mode == 't') {
                axis_tick_towards(&axis, goal, max_rate_mdps);
            } else {
                axis_tick_at_rate(&axis, goal);
            }
            printf("%" PRId64 " %d\n", axis.sum_ndeg / axis.window_ticks, axis_rests(&axis));
        }
    }
    return 0;
}
