"""What every statement to the outside has in common, and what is known of a lesson beside its media."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ONE_LINE = r"^[^\x00-\x1f\x7f]+$"
"""Texts from outside go into files, events and answers: no control characters."""


class Statement(BaseModel):
    """Base of what the product states to others: strict, frozen, nothing unknown."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", json_schema_serialization_defaults_required=True
    )


Text = Annotated[str, Field(pattern=ONE_LINE, max_length=200)]
ConsentKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]


class LessonDetails(Statement):
    """What whoever starts a lesson may say of it. The box carries it into events and manifest, and judges nothing."""

    lesson_code: Text | None = Field(default=None, description="The school's own name for the lesson.")
    title: Text | None = Field(default=None, description="For people.")
    teacher: Text | None = Field(default=None, description="Who teaches.")
    consent: dict[ConsentKey, Text] = Field(
        default_factory=dict, max_length=16, description="What the school states about consent, by its own keys."
    )
    planned_length_s: int | None = Field(
        default=None, gt=0, le=86_400, description="How long it is meant to be, seconds; the box does not end it then."
    )


NO_DETAILS = LessonDetails()
"""Of a lesson that a button began nothing is said."""
