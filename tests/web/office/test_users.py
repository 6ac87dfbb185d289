"""Users and their roles in the office: found, invited, changed; and owners whom nobody ousts alone."""

import re

import pytest

from attendance.domain.accounts.mail import MailKind
from attendance.domain.permissions.roles import Role
from tests.http.api import PASSWORD, Api, Person
from tests.web.office.pages import changes, faults, form_on, texts
from tests.web.visitors import Visitor, leads_to, shown, signed_in, visitor, with_session

USERS, ROLE_CHANGES, LOG = "/app/office/users", "/app/office/role-changes", "/app/office/log"
INVITE = f"{USERS}/invite"


def role_of(memory: Api, person: Person) -> Role:
    return memory.account(person).role


def asks_for_role(person: Visitor, about: Person, role: Role) -> str:
    """Change a role on the page of a user; return where one goes on to."""
    page, action = person.opens(f"{USERS}/{about.id}"), f"{USERS}/{about.id}/role"
    return leads_to(person.sends(action, **form_on(page, action) | {"role": role.value}))


def test_users_are_found_by_name_role_and_state(memory: Api) -> None:
    memory.having(Role.EMPLOYEE, "ada", name="Ada Lovelace")
    memory.having(Role.USER, "bob", active=False)
    manager = signed_in(memory, Role.MANAGER, "mia")

    def found(query: str) -> set[str]:
        return {*shown(manager.opens(f"{USERS}?{query}")).texts} & {"ada", "bob", "mia"}

    assert found("") == {"ada", "bob", "mia"}
    assert found("name=love+ada") == found("role=employee") == {"ada"}
    assert found("active=no") == {"bob"}
    assert found("active=yes&role=manager") == {"mia"}
    assert "Nobody is found." in texts(manager.opens(f"{USERS}?name=zoe"))
    assert shown(manager.opens(f"{USERS}?name=ad%22%3E")).values["name"] == 'ad">'
    assert manager.opens(f"{USERS}?role=king").status_code == 400


def test_filters_stay_when_one_turns_the_page(memory: Api) -> None:
    for number in range(21):
        memory.having(Role.EMPLOYEE, f"teacher{number}")
    manager = signed_in(memory, Role.MANAGER)
    first = manager.opens(f"{USERS}?name=teacher&role=employee")
    assert "?name=teacher&role=employee&page=2" in shown(first).links
    assert "teacher9" in shown(manager.opens(f"{USERS}?name=teacher&role=employee&page=2")).texts


def test_a_manager_reads_users_and_changes_none(memory: Api) -> None:
    ada = memory.having(Role.EMPLOYEE, "ada")
    manager = signed_in(memory, Role.MANAGER)
    page = manager.opens(f"{USERS}/{ada.id}")
    assert "ada@example.org" in shown(page).texts
    assert "<form" not in page.text.partition("<main")[2]
    assert INVITE not in shown(manager.opens(USERS)).links
    for path, typed in {
        f"{USERS}/{ada.id}/role": {"role": "user"},
        f"{USERS}/{ada.id}/active": {"active": "no"},
        INVITE: {"username": "new", "email": "new@example.org", "role": "user"},
    }.items():
        assert manager.sends(path, **typed).status_code == 403
    assert (role_of(memory, ada), memory.account(ada).active, memory.mails()) == (Role.EMPLOYEE, True, [])


def test_somebody_is_invited_and_comes_in(memory: Api) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    page = head.opens(INVITE)
    assert {"User", "Employee", "Manager"} <= {*shown(page).texts}
    assert {"Owner", "Administrator", "Head manager"}.isdisjoint(shown(page).texts)
    there = leads_to(changes(head, INVITE, username="zoe", email="zoe@example.org", role="employee"))
    assert "on its way to zoe@example.org" in texts(head.opens(there))
    assert "not confirmed yet" in texts(head.opens(USERS))
    token = memory.token_mailed(MailKind.INVITATION, "zoe@example.org")
    zoe = visitor(memory)
    assert leads_to(zoe.sends(f"/app/set-password/{token}", password=PASSWORD))
    assert leads_to(zoe.signs_in("zoe")) == "/"
    assert "Employee" in texts(head.opens(there.partition("?")[0]))


def test_an_invitation_is_sent_again_and_withdrawn(memory: Api) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    there = leads_to(changes(head, INVITE, username="zoe", email="zoe@example.org", role="employee"))
    path = there.partition("?")[0]
    again, withdraw = f"{path}/invitation", f"{path}/invitation/withdraw"
    assert "The link that was mailed to zoe@example.org is good until 9 Mar 2026" in texts(head.opens(path))
    old = memory.token_mailed(MailKind.INVITATION, "zoe@example.org")
    memory.clock.pass_by(days=8)
    head = signed_in(memory, Role.HEAD_MANAGER)
    page = head.opens(path)
    assert "Nobody used the link that was mailed to zoe@example.org in time." in texts(page)
    sent = leads_to(head.sends(again, **form_on(page, again)))
    assert "on its way to zoe@example.org" in texts(head.opens(sent))
    assert "is good until 17 Mar 2026" in texts(head.opens(path))
    new = memory.token_mailed(MailKind.INVITATION, "zoe@example.org")
    assert new != old
    # somebody below sees the account, and nothing to do about it
    manager = signed_in(memory, Role.MANAGER)
    assert "Send again" not in texts(manager.opens(path))
    done = leads_to(head.sends(withdraw, **form_on(head.opens(path), withdraw)))
    page = head.opens(done)
    assert "The invitation is withdrawn" in texts(page)
    assert "Send again" not in texts(page)
    assert visitor(memory).opens(f"/app/set-password/{new}").status_code == 410
    for gone in (again, withdraw):
        refused = head.sends(gone)
        assert refused.status_code == 409
        assert "no invitation is open" in texts(refused)
    assert leads_to(changes(head, INVITE, username="zoe", email="zoe@example.org", role="employee"))


def test_all_faults_of_an_invitation_are_said_at_once(memory: Api) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    refused = changes(head, INVITE, username="a b", email="x", name="a\u2028b", role="king")
    assert refused.status_code == 400
    assert faults(refused).keys() == {"username", "email", "name", "role"}
    assert form_on(refused, INVITE)["username"] == "a b"
    memory.having(Role.USER, "ada")
    taken = changes(head, INVITE, username="new", email="ada@example.org")
    assert faults(taken) == {"email": "email is taken"}
    assert changes(head, INVITE, username="n", email="n@example.org", role="owner").status_code == 403
    assert memory.mails() == []


def test_a_profile_is_changed_unless_somebody_else_did_meanwhile(memory: Api) -> None:
    ada = memory.having(Role.EMPLOYEE, "ada")
    head, path = signed_in(memory, Role.HEAD_MANAGER), f"{USERS}/{ada.id}"
    mine = form_on(head.opens(path), path)
    assert leads_to(changes(head, path, name="Ada")) == f"{path}?notice=saved"
    late = head.sends(path, **mine | {"username": "adele"})
    assert late.status_code == 412
    assert "Changed meanwhile: Name" in texts(late)
    again = form_on(late, path)
    assert (again["username"], again["name"]) == ("adele", "Ada")
    wrong = changes(head, path, username="a b", email="x")
    assert (wrong.status_code, faults(wrong).keys()) == (400, {"username", "email"})
    assert leads_to(changes(head, path, email="new@example.org")) == f"{path}?notice=saved"
    assert "new@example.org (not confirmed yet)" in texts(head.opens(path))
    assert [mail.to for mail in memory.mails(MailKind.CONFIRM_EMAIL)] == ["new@example.org"]


def test_roles_are_changed_within_ones_limits(memory: Api) -> None:
    ada, owner = memory.having(Role.EMPLOYEE, "ada"), memory.having(Role.OWNER, "olga")
    head = memory.having(Role.HEAD_MANAGER, "head")
    at_the_desk = with_session(memory, head)
    page = at_the_desk.opens(f"{USERS}/{ada.id}")
    options = page.text.partition('id="role"')[2].partition("</select>")[0]
    assert [role for role in Role if f'"{role}"' in options] == [Role.USER, Role.EMPLOYEE, Role.MANAGER]
    assert asks_for_role(at_the_desk, ada, Role.MANAGER) == f"{USERS}/{ada.id}?notice=role-changed"
    assert role_of(memory, ada) is Role.MANAGER
    for somebody in (owner, head):
        assert f"{USERS}/{somebody.id}/role" not in at_the_desk.opens(f"{USERS}/{somebody.id}").text
        assert at_the_desk.sends(f"{USERS}/{somebody.id}/role", role="user").status_code == 403
        assert at_the_desk.sends(f"{USERS}/{somebody.id}/active", active="no").status_code == 403
    assert at_the_desk.sends(f"{USERS}/{ada.id}/role", role="owner").status_code == 403
    assert at_the_desk.sends(f"{USERS}/{ada.id}/role", role="king").status_code == 400
    unconfirmed = memory.having(Role.USER, email_confirmed_at=None)
    refused = at_the_desk.sends(f"{USERS}/{unconfirmed.id}/role", role="manager")
    assert (refused.status_code, "account is not confirmed and active" in texts(refused)) == (409, True)


def test_an_account_is_switched_off_and_on(memory: Api) -> None:
    ada = memory.having(Role.EMPLOYEE, "ada")
    her, head = with_session(memory, ada), signed_in(memory, Role.HEAD_MANAGER)
    path, action = f"{USERS}/{ada.id}", f"{USERS}/{ada.id}/active"
    for is_on, notice in ((False, "deactivated"), (True, "activated")):
        assert leads_to(head.sends(action, **form_on(head.opens(path), action))) == f"{path}?notice={notice}"
        assert memory.account(ada).active is is_on
        assert her.opens("/app/account").status_code == 303
        assert "switched" in texts(head.opens(f"{path}?notice={notice}"))
    assert head.sends(action, active="perhaps").status_code == 400


@pytest.mark.parametrize("by", [Role.OWNER, Role.ADMIN])
def test_nobody_ousts_an_owner_alone(memory: Api, by: Role) -> None:
    memory.having(Role.OWNER, "third")
    target, asker = memory.having(Role.OWNER, "target"), memory.having(by, "asker")
    person = with_session(memory, asker)
    path = f"{USERS}/{target.id}"
    assert "awaits the word of another owner" in texts(person.opens(path))
    assert asks_for_role(person, target, Role.USER) == f"{path}?notice=awaiting"
    assert role_of(memory, target) is Role.OWNER
    page = person.opens(f"{path}?notice=awaiting")
    assert "nothing is changed yet" in texts(page)
    assert "Owner → User, asked for by asker" in texts(page)
    again = person.sends(f"{path}/active", active="no")
    assert again.status_code == 409
    assert "a change of this account awaits a decision already" in texts(again)
    awaiting = person.opens(ROLE_CHANGES)
    actions = {part.partition('"')[0] for part in awaiting.text.split('action="')[1:]}
    [withdraw] = [action for action in actions if action.endswith("/withdraw")]
    confirm = withdraw.replace("/withdraw", "/confirm")
    assert confirm not in actions
    assert person.sends(confirm).status_code == 403
    assert (role_of(memory, target), memory.account(target).active) == (Role.OWNER, True)


@pytest.mark.plants
def test_an_owner_is_seen_to_be_ousted_where_nothing_awaits(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "attendance.application.accounts.role_change_workflow.must_await", lambda *_, **__: False
    )
    target = memory.having(Role.OWNER)
    person = signed_in(memory, Role.OWNER)
    assert asks_for_role(person, target, Role.USER).endswith("?notice=role-changed")
    assert role_of(memory, target) is Role.USER


@pytest.mark.parametrize("decision", ["confirm", "reject", "withdraw"])
def test_what_awaits_is_decided_by_whom_it_is_offered_to(memory: Api, decision: str) -> None:
    target, ben, cora = (memory.having(Role.OWNER, name) for name in ("target", "ben", "cora"))
    head = signed_in(memory, Role.HEAD_MANAGER)
    asks_for_role(with_session(memory, ben), target, Role.ADMIN)

    def offered(person: Visitor) -> dict[str, str]:
        page = person.opens(ROLE_CHANGES)
        assert {"target: Owner → Administrator", "Asked for by ben on 2 Mar 2026, 12:00 UTC."} & {
            *shown(page).texts
        }
        actions = [part.partition('"')[0] for part in page.text.split('action="')[1:]]
        return {action.rpartition("/")[2]: action for action in actions if action.startswith(ROLE_CHANGES)}

    assert offered(head).keys() == set()
    assert "It is not yours to decide." in texts(head.opens(ROLE_CHANGES))
    assert offered(with_session(memory, target)).keys() == {"confirm"}
    assert offered(with_session(memory, ben)).keys() == {"withdraw"}
    by_cora = offered(with_session(memory, cora))
    assert by_cora.keys() == {"confirm", "reject"}
    decider = with_session(memory, ben if decision == "withdraw" else cora)
    action = offered(decider)[decision]
    assert "1 awaits confirmation" in texts(head.opens("/app/office"))
    assert leads_to(decider.sends(action, **form_on(decider.opens(ROLE_CHANGES), action)))
    assert role_of(memory, target) is (Role.ADMIN if decision == "confirm" else Role.OWNER)
    page = texts(head.opens(ROLE_CHANGES))
    assert "Nothing awaits confirmation." in page
    word = {"confirm": "confirmed cora", "reject": "rejected cora", "withdraw": "withdrawn ben"}[decision]
    assert f"target Owner → Administrator ben {word} 2 Mar 2026" in page
    late = decider.sends(action)
    assert late.status_code == 409
    assert "this was decided already, or is over" in texts(late)


def test_a_new_owner_is_told_from_when_on_they_confirm(memory: Api) -> None:
    target, ben = memory.having(Role.OWNER, "target"), memory.having(Role.OWNER, "ben")
    asks_for_role(with_session(memory, ben), target, Role.ADMIN)
    new = memory.having(Role.OWNER, "new", owner_since=memory.clock.now)
    told = texts(with_session(memory, new).opens(ROLE_CHANGES))
    assert "You can confirm it from 9 Mar 2026, 12:00 UTC on" in told
    assert "You have asked for it" in texts(with_session(memory, ben).opens(ROLE_CHANGES))


def test_whoever_confirms_what_is_about_them_is_told(memory: Api) -> None:
    target, ben = memory.having(Role.OWNER, "target"), memory.having(Role.OWNER, "ben")
    asks_for_role(with_session(memory, ben), target, Role.USER)
    person = with_session(memory, target)
    page = person.opens(ROLE_CHANGES)
    action = re.findall(r'action="([^"]+/confirm)"', page.text)[0]
    there = leads_to(person.sends(action, **form_on(page, action)))
    assert "the change of your own account is made" in texts(person.opens(there))
    assert role_of(memory, target) is Role.USER


def test_what_nobody_decides_in_a_week_is_over(memory: Api) -> None:
    target, asker = memory.having(Role.OWNER, "target"), memory.having(Role.OWNER)
    memory.having(Role.OWNER)
    asks_for_role(with_session(memory, asker), target, Role.USER)
    [later] = memory.passes(asker, days=7, seconds=1)
    page = texts(with_session(memory, later).opens(ROLE_CHANGES))
    assert "Nothing awaits confirmation." in page
    assert "expired" in page


def test_the_last_owner_stays(memory: Api) -> None:
    owner = memory.having(Role.OWNER, "olga")
    herself = with_session(memory, owner)
    assert "This is your own role." in texts(herself.opens(f"{USERS}/{owner.id}"))
    for path, typed in (("role", {"role": "user"}), ("active", {"active": "no"})):
        refused = herself.sends(f"{USERS}/{owner.id}/{path}", **typed)
        assert refused.status_code == 409
        assert "the last owner cannot be removed" in texts(refused)
    assert role_of(memory, owner) is Role.OWNER


def test_whoever_steps_down_goes_on_with_less(memory: Api) -> None:
    memory.having(Role.OWNER)
    owner = memory.having(Role.OWNER)
    herself = with_session(memory, owner)
    assert asks_for_role(herself, owner, Role.EMPLOYEE) == f"{USERS}/{owner.id}?notice=role-changed"
    assert herself.opens(USERS).status_code == 403
    assert herself.opens("/app/account").status_code == 200
