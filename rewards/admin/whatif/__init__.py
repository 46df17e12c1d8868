"""What-if on the staff side: asked, followed, read."""

from rewards.admin.whatif import asking, following, people

__all__ = ["asking", "following", "people"]
