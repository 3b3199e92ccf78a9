"""All cases, in the order in which they are run: the harmless ones first."""

from followspot_dock.conformance.cases_input import INPUT
from followspot_dock.conformance.cases_motion import MOTION
from followspot_dock.conformance.cases_reports import REPORTS
from followspot_dock.conformance.cases_safety import SAFETY
from followspot_dock.conformance.cases_talk import TALK

CASES = (*TALK, *REPORTS, *SAFETY, *MOTION, *INPUT)
