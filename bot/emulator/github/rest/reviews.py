"""Reviews of pull requests."""

from __future__ import annotations

from bot.emulator.github.calls import REPO, Call, Reply, route
from bot.emulator.github.errors import ApiError, invalid
from bot.emulator.github.identity import at_least, role
from bot.emulator.github.rest.comments import check_length
from bot.emulator.github.views.pulls import review as view
from bot.emulator.github.world import Pull, Repository, Review, World

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def list_reviews(call: Call) -> Reply:
    """Reviews in chronological order; a pending one only to its author."""
    pull = call.entry(call.repository.pulls, "pull_number")
    shown = [r for r in pull.reviews if r.state != "PENDING" or r.user == call.identity.login]
    return call.page(shown, lambda r: view(call.world, call.repository, pull, r))


def create_review(call: Call) -> Reply:
    """Review the head, or ``commit_id``; without an ``event`` it stays pending."""
    pull = call.entry(call.repository.pulls, "pull_number")
    body = call.fields(body=str, event=str, commit_id=str, comments=list)
    state = STATES.get(body.get("event", ""), "PENDING")
    if body.get("event") and body["event"] not in STATES:
        raise invalid("PullRequestReview", "event")
    if state in ("CHANGES_REQUESTED", "COMMENTED") and not body.get("body"):
        raise invalid("PullRequestReview", "body", "missing_field")
    check_length(body.get("body"), "PullRequestReview")
    review = add_review(
        call.world, pull, call.login, state, body.get("body", ""), body.get("commit_id")
    )
    return Reply(view(call.world, call.repository, pull, review))


def add_review(
    world: World, pull: Pull, login: str, state: str, body: str, commit: str | None = None
) -> Review:
    """Put a review. Raises ApiError 422 for approving one's own pull request."""
    if login == pull.issue.user and state in ("APPROVED", "CHANGES_REQUESTED"):
        what = "approve" if state == "APPROVED" else "request changes on"
        raise ApiError(422, f"Unprocessable Entity: Can not {what} your own pull request")
    submitted = None if state == "PENDING" else world.now()
    review = Review(world.new_id(), login, body, state, commit or pull.head_sha, submitted)
    pull.reviews.append(review)
    return review


def found(call: Call) -> tuple[Pull, Review]:
    """The review a path names. Raises ApiError 404."""
    pull = call.entry(call.repository.pulls, "pull_number")
    return pull, call.entry({r.id: r for r in pull.reviews}, "review_id")


def get_review(call: Call) -> Reply:
    """One review."""
    return Reply(view(call.world, call.repository, *found(call)))


def update_review(call: Call) -> Reply:
    """A new body, by its author."""
    pull, review = found(call)
    if review.user != call.login:
        raise ApiError(403, "Must have admin rights to Repository.")
    review.body = call.fields(body=str).get("body", "")
    review.edited_at = call.world.now()
    return Reply(view(call.world, call.repository, pull, review))


def dismiss_review(call: Call) -> Reply:
    """Take an approval or a request for changes back, by someone who may write."""
    pull, review = found(call)
    if not call.fields(message=str).get("message"):
        raise invalid("PullRequestReview", "message", "missing_field")
    check_may_write(call.repository, call)
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise ApiError(422, "Can not dismiss a commented or pending pull request review")
    review.state = "DISMISSED"
    return Reply(view(call.world, call.repository, pull, review))


def check_may_write(repository: Repository, call: Call) -> None:
    """Raise ApiError 403 for a user without write access."""
    if not call.identity.is_actions and not at_least(role(repository, call.login), "write"):
        raise ApiError(403, "Must have push access to repository")


READ, WRITE = "pull_requests:read", "pull_requests:write"
REVIEWS = f"{REPO}/pulls/{{pull_number}}/reviews"
ROUTES = (
    route("GET", REVIEWS, list_reviews, READ),
    route("POST", REVIEWS, create_review, WRITE),
    route("GET", f"{REVIEWS}/{{review_id}}", get_review, READ),
    route("PUT", f"{REVIEWS}/{{review_id}}", update_review, WRITE),
    route("PUT", f"{REVIEWS}/{{review_id}}/dismissals", dismiss_review, WRITE),
)
