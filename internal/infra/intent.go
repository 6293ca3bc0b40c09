package infra

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Intent is an edit that waits to be written by whichever run gets through next.
// It is a ref beside the branches, whose commit holds the edit as data.
type Intent struct {
	ID      string    // in the order of time
	Commit  string    // that its ref names
	Since   time.Time // the commit's date
	Subject string    // of the message that the edit asks for
	Writes  int       // how often its run tried to write before
	Data    []byte    // the edit, for Options.Replay; nil where the commit holds none that can be read

	// MAC proves that whoever made it holds the secret of this run, in whose name it
	// is written: anybody who may push can make the ref, and any author.
	MAC string

	// Trusted is set by a Repo without secrets, of an intent by the same author.
	Trusted bool
}

// Board is a Repo that keeps the intents of a branch. Its Read gives those that
// wait, without a request more.
type Board interface {
	Repo
	// Publish makes the intent's ref. It gives the intent with its Commit.
	Publish(ctx context.Context, on *Snapshot, in Intent) (Intent, error)
	// Clear removes intents. Those that are gone are no error, and those whose ref
	// names another commit by now stay.
	Clear(ctx context.Context, on *Snapshot, done []Intent) error
	// Select gives the files of the snapshot that others' paths select, in as few
	// requests as it can: a Selection for each.
	Select(ctx context.Context, on *Snapshot, paths []Paths) ([]Selection, error)
	// Trusting reports whether Read tells by itself which intents to trust, so that no
	// secret is needed: everybody who may push here has the same rights.
	Trusting() bool
	// Clears reports whether Commit removes ChangeSet.Fulfils in the moment in which
	// it moves the branch, and does neither where one of them is gone. Otherwise
	// it takes no notice of them.
	Clears() bool
}

// Selection is what paths select, or the fault of a path.
type Selection struct {
	Files fs.FS
	Err   error
}

// intentRefs is the folder of all intents. Hosts show branches and tags only.
const intentRefs = "refs/tagboat/intents/"

// intentFolder is that of one branch's intents, whose name may hold what no single
// part of a ref may.
func intentFolder(branch string) string {
	sum := sha256.Sum256([]byte(branch))
	return fmt.Sprintf("%s%x/", intentRefs, sum[:6])
}

// ref is the intent's full name.
func (in Intent) ref(branch string) string { return intentFolder(branch) + in.ID }

// newIntentID is in the order of time, and nobody else's.
func newIntentID(now time.Time) string {
	return fmt.Sprintf("%012x-%08x", max(now.UnixMilli(), 0), rand.Uint32())
}

// How long an intent counts. Its run looks at it every few seconds.
const (
	abandoned = time.Minute     // nobody waits for its run to write any more; it is written with what comes next
	expired   = 5 * time.Minute // nobody wants it any more
)

// older reports whether an intent is older than that, by its own clock: one from a
// future so far is as good as none.
func (in Intent) older(than time.Duration, now time.Time) bool { return now.Sub(in.Since).Abs() > than }

// before puts those first that have tried least: each try of a run costs its host
// a write.
func (in Intent) before(other Intent) bool {
	return cmp.Or(cmp.Compare(in.Writes, other.Writes), cmp.Compare(in.ID, other.ID)) < 0
}

// born is when the intent's id was made.
func (in Intent) born() time.Time {
	first, _, _ := strings.Cut(in.ID, "-")
	ms, err := strconv.ParseInt(first, 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// sum is the MAC that the intent has to have.
func (in Intent) sum(branch string, secret []byte) string {
	h := hmac.New(sha256.New, secret)
	fmt.Fprintf(h, "intent\n%q\n%q\n%d\n%d\n", branch, in.ID, in.Since.Unix(), in.Writes)
	h.Write(in.Data)
	return hex.EncodeToString(h.Sum(nil))
}

// proven reports whether the intent's maker holds the secret.
func (in Intent) proven(branch string, secret []byte) bool {
	return hmac.Equal([]byte(in.MAC), []byte(in.sum(branch, secret)))
}

// envelope is the last line of an intent's message.
type envelope struct {
	Branch string          `json:"branch"`
	Since  int64           `json:"since"` // in Unix seconds
	Writes int             `json:"writes"`
	MAC    string          `json:"mac,omitempty"`
	Data   json.RawMessage `json:"data"`
}

const intentWords = "An edit of branch %s that waits to be written together with others.\nTagboat removes this ref; it may also be deleted by hand."

// message is the intent as the message of its commit.
func (in Intent) message(branch string) (string, error) {
	line, err := json.Marshal(envelope{Branch: branch, Since: in.Since.Unix(), Writes: in.Writes, MAC: in.MAC, Data: in.Data})
	if err != nil {
		return "", fmt.Errorf("the edit as data: %w", err)
	}
	return in.Subject + "\n\n" + fmt.Sprintf(intentWords, branch) + "\n\n" + string(line) + "\n", nil
}

// parseIntent reads what message wrote. Where it did not, the intent has no Data.
func parseIntent(branch, message string) (in Intent) {
	lines := strings.Split(strings.TrimRight(message, "\n"), "\n")
	in.Subject = lines[0]
	var e envelope
	decode := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	decode.DisallowUnknownFields()
	err := decode.Decode(&e)
	if err == nil && decode.More() {
		err = errors.New("more than one line")
	}
	if err != nil || e.Branch != branch || e.Writes < 0 || len(e.Data) == 0 || bytes.Equal(e.Data, []byte("null")) {
		return in
	}
	in.Since, in.Writes, in.MAC, in.Data = time.Unix(e.Since, 0), e.Writes, e.MAC, e.Data
	return in
}

// sortIntents brings intents into the order of time.
func sortIntents(all []Intent) {
	slices.SortFunc(all, func(a, b Intent) int { return cmp.Compare(a.ID, b.ID) })
}
