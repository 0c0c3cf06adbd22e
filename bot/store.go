package bot

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

// Store runs transactions.
type Store interface {
	// Update commits what fn did, unless fn fails.
	Update(ctx context.Context, fn func(Tx) error) error
}

// Tx is what the bot does with the database within one transaction. Lookups
// return nil, or a zero value, where there is nothing.
type Tx interface {
	inbox
	posts
	rooms
	meetings
	entries
	summaries
	plans
	reports
	retention
	decisions
	people
	anonymous
	rounds
	polls
	evaluations
}

type inbox interface {
	FinishEvent(ctx context.Context, id meeting.EventID) error
	ToldUnreadable(ctx context.Context, id meeting.EventID) error
	// FetchEvent has an event that the bot saw before fetched again; false if
	// the bot never saw it in the room.
	FetchEvent(ctx context.Context, room meeting.RoomID, id meeting.EventID, now time.Time) (bool, error)
	// Awaited reports whether the event may still come.
	Awaited(ctx context.Context, id meeting.EventID) (bool, error)
	// WaitBehind has an event wait for others whose keys have not come.
	WaitBehind(ctx context.Context, room meeting.RoomID, id meeting.EventID, others ...meeting.EventID) (bool, error)
	ForgetRaw(ctx context.Context, id meeting.EventID) error
	// Parked reports whether the event of the room waits for another attempt.
	Parked(ctx context.Context, room meeting.RoomID, id meeting.EventID) (bool, error)
	// RoomOf is the room that a stored event came in; empty if it is not known.
	RoomOf(ctx context.Context, id meeting.EventID) (meeting.RoomID, error)
	// ReceivedAt is when a stored event came; zero if it is not known.
	ReceivedAt(ctx context.Context, id meeting.EventID) (time.Time, error)
	StoreCheck(ctx context.Context, c meeting.Check) error
	// Unchecked reports whether the meeting must wait before it closes.
	Unchecked(ctx context.Context, meetingID int64, room meeting.RoomID) (bool, error)
	LostChecks(ctx context.Context, meetingID int64) (int, error)
	LostEvents(ctx context.Context, room meeting.RoomID, from, to time.Time) (int, error)
	LostGaps(ctx context.Context, room meeting.RoomID, from, to time.Time) (int, error)
}

type posts interface {
	// StorePost queues a post; false if its key was used before.
	StorePost(ctx context.Context, p meeting.Post, now time.Time) (bool, error)
	Post(ctx context.Context, key string) (*meeting.PostRecord, error)
	PostByEvent(ctx context.Context, id meeting.EventID) (*meeting.PostRecord, error)
	QuotingPosts(ctx context.Context, meetingID int64) ([]meeting.PostRecord, error)
	PostsWithPrefix(ctx context.Context, prefix string) ([]meeting.PostRecord, error)
	// CountPosts counts the posts whose key has the prefix, also those that were
	// taken back or could not be sent.
	CountPosts(ctx context.Context, prefix string) (int, error)
	Unquote(ctx context.Context, key string) error
	// CancelPost takes back a post that was never tried; false if it is too late.
	CancelPost(ctx context.Context, key string) (bool, error)
	FailPost(ctx context.Context, key string) error
	// ParkPost has a post wait, with what follows it in the lane.
	ParkPost(ctx context.Context, key, lane string, next time.Time) error
	UnparkPosts(ctx context.Context, room meeting.RoomID) error
	MovePosts(ctx context.Context, from, to meeting.RoomID) error
	FailedPosts(ctx context.Context) (int, error)
	// StoreEcho keeps that an unknown post came back from the server, so that it is
	// not sent again when the bot comes to it; KeyOf finds a known one.
	StoreEcho(ctx context.Context, print string, room meeting.RoomID, id meeting.EventID, now time.Time) error
	KeyOf(ctx context.Context, print string) (string, error)
	MarkEcho(ctx context.Context, key string, room meeting.RoomID, id meeting.EventID, now time.Time) error
}

type rooms interface {
	Bind(ctx context.Context, name string, room meeting.RoomID) error
	BoundRoom(ctx context.Context, name string) (meeting.RoomID, error)
	BoundName(ctx context.Context, room meeting.RoomID) (string, error)
	ChatNetworks(ctx context.Context) ([]meeting.ChatNetwork, error)
	StoreChatNetwork(ctx context.Context, n meeting.ChatNetwork) error
	StoreNetwork(ctx context.Context, id string, description []byte) error
	StoredNetwork(ctx context.Context, id string) ([]byte, error)
	SetGone(ctx context.Context, room meeting.RoomID, gone bool) error
	Gone(ctx context.Context, room meeting.RoomID) (bool, error)
	StoreReplaced(ctx context.Context, room, next meeting.RoomID, moved bool) error
	// Replacement is what a room says replaces it, followed or not; Successor
	// is where the bot followed to.
	Replacement(ctx context.Context, room meeting.RoomID) (meeting.RoomID, error)
	Successor(ctx context.Context, room meeting.RoomID) (meeting.RoomID, error)
	DirectUser(ctx context.Context, room meeting.RoomID) (meeting.UserID, error)
	BindDirect(ctx context.Context, user meeting.UserID, room meeting.RoomID) error
	StoreMember(ctx context.Context, m meeting.Membership) error
	// Member is a person's membership in the room; empty for somebody unknown.
	Member(ctx context.Context, room meeting.RoomID, user meeting.UserID) (meeting.Member, error)
	StoreAbsence(ctx context.Context, network string, user meeting.UserID, until time.Time) error
	DeleteAbsence(ctx context.Context, network string, user meeting.UserID) (bool, error)
	// Absent lists the leaders who are away, by network.
	Absent(ctx context.Context, now time.Time) (map[string][]meeting.UserID, error)
	StorePassage(ctx context.Context, p meeting.Passage) error
	DuePassages(ctx context.Context, now time.Time) ([]meeting.Passage, error)
	DeletePassage(ctx context.Context, id meeting.EventID) error
	Members(ctx context.Context, room meeting.RoomID) ([]meeting.Member, error)
	MemberRooms(ctx context.Context, user meeting.UserID) ([]meeting.RoomID, error)
	SetRole(ctx context.Context, network string, user meeting.UserID, r meeting.Role) error
	RolesOf(ctx context.Context, network string) (map[meeting.UserID]meeting.Role, error)
}

type meetings interface {
	Meeting(ctx context.Context, network string, number int) (*meeting.Meeting, error)
	MeetingByID(ctx context.Context, id int64) (*meeting.Meeting, error)
	Meetings(ctx context.Context, network string) ([]meeting.Meeting, error)
	RoundMeetings(ctx context.Context, programme string, number int) ([]meeting.Meeting, error)
	DueMeetings(ctx context.Context, now time.Time) ([]meeting.Meeting, error)
	OpenMeetings(ctx context.Context) ([]meeting.Meeting, error)
	Recapped(ctx context.Context, meetingID int64) ([]meeting.Meeting, error)
	OccurrenceUsed(ctx context.Context, network, key string) (bool, error)
	StoreMeeting(ctx context.Context, m *meeting.Meeting) error
	SetAttendance(ctx context.Context, meetingID int64, c meeting.RoleCount) error
	Attendance(ctx context.Context, meetingID int64) (meeting.RoleCount, error)
	Cursors(ctx context.Context) (map[string]time.Time, error)
	SetCursor(ctx context.Context, network string, at time.Time) error
	TouchRound(ctx context.Context, programme string, number int, title string) (bool, error)
	DirtyRounds(ctx context.Context) ([]meeting.Round, error)
	RoundShown(ctx context.Context, r meeting.Round) error
}

type entries interface {
	Entries(ctx context.Context, meetingID int64, leads func(meeting.UserID) bool) ([]meeting.Entry, error)
	Entry(ctx context.Context, id meeting.EventID, leads func(meeting.UserID) bool) (*meeting.Entry, error)
	StoreEntry(ctx context.Context, e meeting.Entry) error
	MoveEntry(ctx context.Context, id meeting.EventID, prompt int) error
	DropUnreadable(ctx context.Context, id meeting.EventID) error
	StripEntry(ctx context.Context, id meeting.EventID, s meeting.EntryState) error
	StoreVersion(ctx context.Context, id, entry meeting.EventID, author meeting.UserID, body string, at time.Time) error
	DeleteVersion(ctx context.Context, id meeting.EventID) (entry meeting.EventID, text string, err error)
	EntryOf(ctx context.Context, version meeting.EventID) (meeting.EventID, error)
	Versions(ctx context.Context, id meeting.EventID) (map[meeting.EventID]string, error)
	StoreReaction(ctx context.Context, r meeting.Reaction) error
	DeleteReaction(ctx context.Context, id meeting.EventID) (*meeting.Reaction, error)
	Reactions(ctx context.Context, target meeting.EventID, emoji string) ([]meeting.Reaction, error)
	StoreRedacted(ctx context.Context, id meeting.EventID, at time.Time) error
	Redacted(ctx context.Context, id meeting.EventID) (bool, error)
	StoreWanted(ctx context.Context, id meeting.EventID, meetingID int64, prompt int) error
	Wanted(ctx context.Context, id meeting.EventID) (meetingID int64, prompt int, err error)
	DeleteWanted(ctx context.Context, id meeting.EventID) error
	// StoreUnplaced notes that an event answers the target or is about it, if that may
	// still turn out to be an entry or a post.
	StoreUnplaced(ctx context.Context, m meeting.EventMeta, target meeting.EventID, now time.Time) error
	DeleteUnplaced(ctx context.Context, id meeting.EventID) error
	// PlaceOf is an event's place in the server's order; nil if the bot does not know
	// the event.
	PlaceOf(ctx context.Context, id meeting.EventID) (*meeting.Order, error)
	// DropAnswers forgets what waits for an event that was handled and is nothing
	// that it can belong to.
	DropAnswers(ctx context.Context, id meeting.EventID, now time.Time) error
	// FetchAnswers has the events fetched again that wait for the target.
	FetchAnswers(ctx context.Context, room meeting.RoomID, target meeting.EventID, now time.Time) error
}

type summaries interface {
	Summary(ctx context.Context, meetingID int64) (*meeting.Summary, error)
	Drafts(ctx context.Context) ([]meeting.Draft, error)
	LastShared(ctx context.Context, network string, below int) (*meeting.Summary, error)
	StoreSummary(ctx context.Context, s *meeting.Summary) error
}

type plans interface {
	Plan(ctx context.Context, network string) (*meeting.Plan, error)
	PlanItems(ctx context.Context, network string, version int) ([]meeting.PlanItem, error)
	PlanVersions(ctx context.Context, network string) ([]int, error)
	StorePlan(ctx context.Context, p *meeting.Plan) error
	StorePlanItems(ctx context.Context, network string, version int, items []meeting.PlanItem) error
	Suggestions(ctx context.Context, network string) ([]meeting.Suggestion, error)
	SuggestionsBy(ctx context.Context, author meeting.UserID) ([]meeting.Suggestion, error)
	SuggestionOf(ctx context.Context, id meeting.EventID) (*meeting.Suggestion, error)
	StoreSuggestion(ctx context.Context, s *meeting.Suggestion) error
	RemoveSuggestion(ctx context.Context, id meeting.EventID) error
}

type decisions interface {
	// Decisions are the local management's, one for each version at most.
	Decisions(ctx context.Context, network string) ([]meeting.Decision, error)
	DecisionOf(ctx context.Context, id meeting.EventID) (*meeting.Decision, error)
	DecisionsBy(ctx context.Context, user meeting.UserID) ([]meeting.Decision, error)
	StoreDecision(ctx context.Context, d meeting.Decision) error
	DeleteDecision(ctx context.Context, network string, version int) error
	FollowUps(ctx context.Context, network string) ([]meeting.FollowUp, error)
	// FollowUpNetworks are those with a question that is due at now, or that
	// was asked before the time and is to be brought to mind.
	FollowUpNetworks(ctx context.Context, now, asked time.Time) ([]string, error)
	StoreFollowUp(ctx context.Context, f meeting.FollowUp) error
	// DropFollowUps deletes the questions that have not been asked.
	DropFollowUps(ctx context.Context, network string) error
	StoreAnswer(ctx context.Context, f meeting.FollowUp, a meeting.FollowUpAnswer) (bool, error)
	AnswersBy(ctx context.Context, user meeting.UserID) (map[string][]meeting.FollowUpAnswer, error)
	// AnswerOf is whose answer a message is, about which network; empty for none.
	AnswerOf(ctx context.Context, id meeting.EventID) (network string, author meeting.UserID, err error)
	DeleteAnswer(ctx context.Context, id meeting.EventID) error
}

type people interface {
	Consent(ctx context.Context, network string, user meeting.UserID) (*meeting.Consent, error)
	ConsentsOf(ctx context.Context, user meeting.UserID) ([]meeting.Consent, error)
	Refusers(ctx context.Context, network string) ([]meeting.UserID, error)
	StoreConsent(ctx context.Context, c meeting.Consent) error
	EntriesBy(ctx context.Context, author meeting.UserID) ([]meeting.Entry, error)
	ReactionsBy(ctx context.Context, user meeting.UserID) (int, error)
	// WaitingBy counts the user's messages and reactions that wait for what they are about to be known.
	WaitingBy(ctx context.Context, user meeting.UserID) (int, error)
	RolesBy(ctx context.Context, user meeting.UserID) (map[string]meeting.Role, error)
	NamesOf(ctx context.Context, user meeting.UserID) ([]string, error)
	VersionTexts(ctx context.Context, network string) (map[meeting.EventID]string, error)
	RewriteMade(ctx context.Context, network string, rewrite func(string) string) error
	HeldNetworks(ctx context.Context) ([]string, error)
	SetVersionText(ctx context.Context, id meeting.EventID, body string) error
	Forget(ctx context.Context, user meeting.UserID) error
	HideEntry(ctx context.Context, id meeting.EventID) error
	Hidden(ctx context.Context, id meeting.EventID) (bool, error)
	// Writers lists who has replied in the network.
	Writers(ctx context.Context, network string) ([]meeting.UserID, error)
	StoreErasure(ctx context.Context, e meeting.Erasure) error
	// ErasedSince reports whether the person with the pseudonym was erased at the time or after it.
	ErasedSince(ctx context.Context, pseudonym string, at time.Time) (bool, error)
	// KnownUsers lists everybody that anything is stored about.
	KnownUsers(ctx context.Context) ([]meeting.UserID, error)
}

type anonymous interface {
	StoreAnonymous(ctx context.Context, a meeting.Anonymous) error
	DueAnonymous(ctx context.Context, now time.Time) ([]meeting.Anonymous, error)
	Anonymous(ctx context.Context, id string) (*meeting.Anonymous, error)
	DeleteAnonymous(ctx context.Context, id string) error
	VanishEvent(ctx context.Context, id meeting.EventID) error
	VanishPost(ctx context.Context, key string) error
}

type rounds interface {
	Compilation(ctx context.Context, programme string, number int) (*meeting.Compilation, error)
	StaleCompilations(ctx context.Context) ([]meeting.Compilation, error)
	StoreCompilation(ctx context.Context, c *meeting.Compilation) error
	LeadersRecords(ctx context.Context) ([]meeting.LeadersRecord, error)
	StoreLeadersRecord(ctx context.Context, l meeting.LeadersRecord) error
	// CalendarEvents are those of a network, or of the leaders' own meetings.
	CalendarEvents(ctx context.Context, network string) ([]meeting.CalendarEvent, error)
	StoreCalendarEvent(ctx context.Context, e meeting.CalendarEvent) error
}

type polls interface {
	// Poll is the network's poll over areas, in whatever state; nil for none.
	Poll(ctx context.Context, network string) (*meeting.Poll, error)
	OpenPolls(ctx context.Context) ([]string, error)
	// Unpolled are the open meetings of the kind whose network has no poll, with
	// only their times filled in.
	Unpolled(ctx context.Context, kind meeting.Kind) ([]meeting.Meeting, error)
	StorePoll(ctx context.Context, p *meeting.Poll) error
	StoreVote(ctx context.Context, network string, v meeting.Vote) (bool, error)
	Votes(ctx context.Context, network string) ([]meeting.Vote, error)
	DeleteVote(ctx context.Context, network string, voter []byte) (bool, error)
	DeleteVotes(ctx context.Context, network string) error
	Vanished(ctx context.Context, id meeting.EventID) (bool, error)
}

type evaluations interface {
	// Evaluation is the network's self-evaluation; nil if nobody was asked.
	Evaluation(ctx context.Context, network string) (*meeting.Evaluation, error)
	Evaluations(ctx context.Context) ([]string, error)
	// EvaluationsDue are the networks whose evaluation is over at now, or that
	// were asked before the time and not reminded.
	EvaluationsDue(ctx context.Context, now, asked time.Time) ([]string, error)
	StoreEvaluation(ctx context.Context, e *meeting.Evaluation) error
	EndEvaluation(ctx context.Context, network string) error
	Unanswered(ctx context.Context, network string) (int, error)
	Asked(ctx context.Context, network string, person []byte) (*meeting.Asked, error)
	StoreAsked(ctx context.Context, network string, a meeting.Asked) error
	DeleteAsked(ctx context.Context, network string, person []byte) error
	CountAnswer(ctx context.Context, network string, question, answer int) error
	StoreOpinion(ctx context.Context, network, id, text string) error
}

type reports interface {
	Report(ctx context.Context, programme string, state meeting.ReportState) (*meeting.Report, error)
	StoreReport(ctx context.Context, r *meeting.Report) error
	DeleteReport(ctx context.Context, programme string, state meeting.ReportState) error
	// ReportNetworks are the networks that there are meetings of in the programme.
	ReportNetworks(ctx context.Context, programme string) ([]string, error)
	SignOffs(ctx context.Context, programme string) ([]meeting.SignOff, error)
	// SignOffByEvent are the answers that one event gave, for one or more networks.
	SignOffByEvent(ctx context.Context, id meeting.EventID) ([]meeting.SignOff, error)
	UnansweredSignOffs(ctx context.Context, before time.Time) ([]meeting.SignOff, error)
	StoreSignOff(ctx context.Context, v meeting.SignOff) error
}

type retention interface {
	Deletions(ctx context.Context) ([]meeting.Deletion, error)
	Deletion(ctx context.Context, network string) (*meeting.Deletion, error)
	StoreDeletion(ctx context.Context, v *meeting.Deletion) error
	CancelDeletion(ctx context.Context, id int64) error
	// IdleNetworks is when the last meeting closed in networks that have
	// entries, no open meeting, and no date for their deletion.
	IdleNetworks(ctx context.Context) (map[string]time.Time, error)
	// MetSince tells of the networks for which a deletion lies ahead whether they
	// meet, and when they last did.
	MetSince(ctx context.Context) (map[string]meeting.Met, error)
	// DeleteRaw deletes what people wrote in a network, and every link to it.
	DeleteRaw(ctx context.Context, network string) (int, error)
	Remembered(ctx context.Context, meetingID int64) (*meeting.Remembered, error)
	StoreRemembered(ctx context.Context, meetingID int64, v meeting.Remembered) error
}
