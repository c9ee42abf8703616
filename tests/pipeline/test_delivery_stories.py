from datafly.model.verdict import Verdict


async def test_what_is_appended_is_delivered_and_every_request_can_be_shown(house):
    house.install()
    house.start()
    offsets = house.append("ann", "bob", "ann", odd=True)
    await house.until(house.is_done)

    assert sorted(house.vendor.ids) == ["e0", "e1", "e2"]
    assert [house.verdict(offset) for offset in offsets] == [(Verdict.DELIVERED, "")] * 3
    attempt = house.delivered(offsets[0]).attempt
    assert attempt.request.headers["X-KEY"] == "***"
    assert '"id":"e0"' in attempt.request.body
    assert (attempt.response.status, attempt.tries, attempt.revision_number) == (200, 1, 1)
    assert attempt.warnings[offsets[0]] == ("odd",)
