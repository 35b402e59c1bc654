"""The whole story, in order."""

from services.cli.demo import awards, employers, formats, learners, organisations
from services.cli.demo.stage import Step

STORY: tuple[Step, ...] = (
    organisations.organisation_signs_up,
    organisations.second_organisation,
    organisations.issuer_profile_opens,
    organisations.second_sees_nothing,
    organisations.directory_lists_it,
    organisations.recognition_is_given,
    organisations.achievement_is_published,
    awards.badge_is_awarded,
    awards.duplicates_are_denied,
    awards.badge_has_four_forms,
    learners.learner_gets_mail,
    learners.learner_signs_up,
    learners.learner_accepts,
    learners.learner_shares,
    employers.employer_follows_link,
    employers.employer_gives_image,
    organisations.key_is_rotated,
    employers.old_badge_after_rotation,
    learners.foreign_badge_is_imported,
    employers.foreign_badge_is_verified,
    employers.employer_sends_many,
    awards.many_are_awarded,
    employers.badge_is_suspended_and_reinstated,
    employers.badge_is_revoked,
    learners.backpack_shows_revocation,
    formats.other_formats_are_awarded,
    formats.each_is_shared_and_accepted,
    formats.each_is_revoked,
    awards.many_are_revoked,
    learners.share_is_closed,
    employers.recognition_is_withdrawn,
)
