"""Countries by code or English name, from the maintained list of pycountry (ISO 3166-1)."""

from functools import cache, lru_cache


@lru_cache(maxsize=4096)
def country_code(sent: str) -> str | None:
    """`gb`, `GBR` and `United Kingdom` → `GB`; None where no country is called so."""
    return _codes().get(sent.strip().casefold())


@cache
def _codes() -> dict[str, str]:
    import pycountry  # noqa: PLC0415 - its list is read from a file, and only who maps countries needs it

    return {
        name.casefold(): country.alpha_2
        for country in pycountry.countries
        for name in (country.alpha_2, country.alpha_3, country.name, getattr(country, "common_name", country.name))
    }
