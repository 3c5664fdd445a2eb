"""What hypothesis draws: the same examples for the same commit, others with `--hypothesis-profile=explore`."""

try:
    from hypothesis import HealthCheck, settings
except ModuleNotFoundError:  # the end-to-end tests run without it
    pass
else:
    # Whether a test passes is not a matter of how fast or busy the machine is.
    calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("steady", calm, derandomize=True, database=None)
    settings.register_profile("explore", calm, derandomize=False)
    settings.load_profile("steady")
