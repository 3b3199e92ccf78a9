#include "faults.h"

bool faults_note(struct faults *faults, uint8_t code, uint8_t axis, bool caused)
{
    bool begins = caused && !faults->caused[code][axis] && !faults->standing[code][axis];
    faults->caused[code][axis] = caused;
    faults->standing[code][axis] = faults->standing[code][axis] || caused;
    return begins;
}

bool faults_clear(struct faults *faults, uint8_t code, uint8_t axis)
{
    if (faults->standing[code][axis] && faults->caused[code][axis]) {
        return false;
    }
    faults->standing[code][axis] = false;
    return true;
}

bool faults_block_motion(const struct faults *faults)
{
    for (uint8_t code = DOCK_FAULT_STALL; code <= DOCK_FAULT_BROWN_OUT; code++) {
        for (uint8_t axis = 0; axis < FAULTS_AXES; axis++) {
            if (faults->standing[code][axis]) {
                return true;
            }
        }
    }
    return false;
}
