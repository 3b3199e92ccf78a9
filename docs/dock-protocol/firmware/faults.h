/* Which faults stand. A fault begins with its cause and stands until the host clears it, which the cause prevents. */
#ifndef DOCK_FAULTS_H
#define DOCK_FAULTS_H

#include "codec.h"

enum { FAULTS_CODES = DOCK_FAULT_END_STOP + 1, FAULTS_AXES = DOCK_AXIS_TILT + 1 };

struct faults {
    bool standing[FAULTS_CODES][FAULTS_AXES];
    bool caused[FAULTS_CODES][FAULTS_AXES];
};

/* Whether the cause is there now; true when a fault began by this. */
bool faults_note(struct faults *faults, uint8_t code, uint8_t axis, bool caused);

/* End the fault, if it stands; false where its cause is still there. */
bool faults_clear(struct faults *faults, uint8_t code, uint8_t axis);

/* Whether one stands with which the dock does not move. At an end stop it may: it has to turn back. */
bool faults_block_motion(const struct faults *faults);

#endif
