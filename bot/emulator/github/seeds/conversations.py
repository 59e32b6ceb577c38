"""Pull requests, reviews, issues and comments."""

from __future__ import annotations

from bot.emulator.github import pull_requests
from bot.emulator.github.rest.comments import check_length
from bot.emulator.github.rest.issues import new_issue
from bot.emulator.github.rest.pulls import open_pull
from bot.emulator.github.rest.reviews import add_review
from bot.emulator.github.seeds.base import Base
from bot.emulator.github.world import Comment, Review


class Conversations(Base):
    """Verbs about what people say and decide."""

    def open_pull(
        self,
        name: str,
        head: str,
        base: str = "",
        title: str = "Change meshes",
        body: str | None = None,
        author: str = "",
        draft: bool = False,
    ) -> int:
        """Open a pull request from a branch, or from ``owner:branch`` of a fork; its number."""
        repository = self._repository(name)
        base = base or repository.default_branch
        wanted = {"title": title, "head": head, "base": base, "body": body, "draft": draft}
        return open_pull(self.world, repository, author or repository.owner, wanted).number

    def merge(self, name: str, number: int, method: str = "merge", by: str = "") -> str:
        """Merge a pull request by ``merge``, ``squash`` or ``rebase``; the new tip of the base."""
        repository = self._repository(name)
        pull, by = repository.pulls[number], by or repository.owner
        return pull_requests.merge(self.world, repository, pull, by, method)

    def review(
        self, name: str, number: int, author: str, state: str = "APPROVED", body: str = "",
        commit: str = "",
    ) -> int:  # fmt: skip
        """A review of the head or of ``commit``; its id."""
        pull = self._repository(name).pulls[number]
        return add_review(self.world, pull, author, state, body, commit or None).id

    def edit_review(self, name: str, number: int, review: int, body: str) -> None:
        """Its author changes what a review says."""
        found = self._review(name, number, review)
        found.body, found.edited_at = body, self.world.now()

    def dismiss_review(self, name: str, number: int, review: int) -> None:
        """Somebody who may write takes an approval back."""
        self._review(name, number, review).state = "DISMISSED"

    def _review(self, name: str, number: int, review: int) -> Review:
        reviews = self._repository(name).pulls[number].reviews
        return next(found for found in reviews if found.id == review)

    def create_issue(self, name: str, title: str, author: str = "", body: str | None = None) -> int:
        """An issue; its number."""
        repository = self._repository(name)
        login = author or repository.owner
        return new_issue(self.world, repository, login, title, body).number

    def comment(self, name: str, number: int, author: str, body: str) -> int:
        """Somebody comments on an issue or pull request; the comment's id."""
        repository = self._repository(name)
        check_length(body, "IssueComment")
        now = self.world.now()
        comment = Comment(self.world.new_id(), number, author, body, now, now)
        self.world.account(author)
        repository.issues[number].updated_at = now
        repository.comments[comment.id] = comment
        return comment.id

    def edit_comment(self, name: str, comment: int, body: str, by: str) -> None:
        """Somebody with the right to changes a comment."""
        found = self._repository(name).comments[comment]
        self.world.account(by)
        found.body, found.editor, found.updated_at = body, by, self.world.now()

    def delete_comment(self, name: str, comment: int) -> None:
        """Somebody deletes a comment."""
        del self._repository(name).comments[comment]
