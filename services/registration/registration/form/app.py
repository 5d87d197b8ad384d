"""What the form's handlers are given: every part that a page may need, made once at start."""

from dataclasses import dataclass

from electoral.address_lookup import AddressLookup
from electoral.authorities import Authorities
from electoral.calendar import Polls
from electoral.limits import RateLimit
from electoral.metrics import Metrics
from electoral.postcodes import PostcodeIndex
from electoral.postgres import Pool
from electoral.proxies import TrustedProxies
from electoral.sealing import Sealer

from registration.admission import Admission
from registration.authority import AuthorityFinder
from registration.counted import CountedSubmissions
from registration.form.assets import Assets
from registration.form.rendering import Renderer
from registration.form.sessions import Sessions
from registration.form.signing_in import SigningIn
from registration.form.texts import Texts
from registration.form.waiting_room import WaitingRoom
from registration.notify.copies import Copies
from registration.performance.reading import PublicFigures
from registration.settings import Settings
from registration.status import StatusQuestions
from registration.submission import Submissions


@dataclass(frozen=True)
class Form:
    """The citizen's form."""

    settings: Settings
    admission: Admission  # whether somebody new may begin
    waiting: WaitingRoom  # who goes in, if not everybody can
    pool: Pool
    sealer: Sealer
    sessions: Sessions
    submissions: Submissions
    intake: CountedSubmissions  # what applications are sent through
    questions: StatusQuestions
    finder: AuthorityFinder
    addresses: AddressLookup
    postcodes: PostcodeIndex
    authorities: Authorities
    polls: Polls
    texts: Texts
    renderer: Renderer
    assets: Assets
    helpers: SigningIn  # who is signed in, for assisted digital
    metrics: Metrics
    proxies: TrustedProxies
    per_address: RateLimit  # questions about a status, by caller
    per_reference: RateLimit  # and by reference
    copies: Copies  # of receipts, for who wants one
    figures: PublicFigures
    files_per_address: RateLimit  # of these figures, by caller
