"""The base of every section of the configuration."""

from pydantic import BaseModel, ConfigDict, model_validator

from ami_dialer.config.shape import section_of


class Section(BaseModel):
    """Unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _absent_sections(cls, data: object) -> object:
        """A section that is absent or empty is checked like one with all its defaults."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for name, field in cls.model_fields.items():
            if field.default_factory is not None and data.get(name) is None:
                data.pop(name, None)
                if section_of(field.annotation):
                    data[name] = {}
        return data
