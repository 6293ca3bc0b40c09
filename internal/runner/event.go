package runner

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Event is what triggered the run, reduced to what is decided on. It is read
// from the payload of a webhook, whose shapes GitHub documents under "Webhook
// events and payloads"; ByHand is an event without a payload.
type Event struct {
	Name          string       // pull_request, push, … ; ByHand
	Action        string       // opened, published, … ; "" where the event has none
	Repository    string       // owner/name; "" if the payload does not say
	DefaultBranch string       // "" if the payload does not say
	Ref           string       // refs/heads/main, refs/tags/v1.2.3; "" where the event has none
	Commit        string       // the commit that the event is about; "" if the payload does not say
	Deleted       bool         // the ref is gone
	Sender        string       // login of whoever caused it
	PullRequest   *PullRequest // pull_request and pull_request_target only
	Release       *Release     // release only
}

// ByHand is the name of the event when a person runs tagboat without one.
const ByHand = "by hand"

// PullRequest is the pull request of an event.
type PullRequest struct {
	Number         int
	HeadSHA        string // its newest commit, which a reader can find
	HeadRepository string // owner/name; "" where the fork was deleted
	BaseRef        string // branch it goes to, without refs/heads/
	Merged         bool
	Author         string // login
}

// Release is the release of an event.
type Release struct {
	Tag        string
	Prerelease bool
}

// Branch is the branch of Ref, or "" where Ref is no branch.
func (e Event) Branch() string {
	name, ok := strings.CutPrefix(e.Ref, "refs/heads/")
	if !ok {
		return ""
	}
	return name
}

// Tag is the git tag of Ref, or "" where Ref is no tag.
func (e Event) Tag() string {
	name, ok := strings.CutPrefix(e.Ref, "refs/tags/")
	if !ok {
		return ""
	}
	return name
}

// String names the event as people do: "pull_request synchronize".
func (e Event) String() string { return strings.TrimSpace(e.Name + " " + e.Action) }

// payload has the keys of all events that are read; where the same key has two
// shapes (ref, release) the shape common to the events here is meant.
type payload struct {
	Action     string `json:"action"`
	Ref        string `json:"ref"`
	RefType    string `json:"ref_type"` // create and delete: their ref is a bare name
	After      string `json:"after"`
	Deleted    bool   `json:"deleted"`
	HeadCommit *struct {
		ID string `json:"id"`
	} `json:"head_commit"`
	Number      int `json:"number"`
	PullRequest *struct {
		Number         int    `json:"number"`
		Merged         bool   `json:"merged"`
		MergeCommitSHA string `json:"merge_commit_sha"`
		User           user   `json:"user"`
		Head           struct {
			SHA  string `json:"sha"`
			Repo *struct {
				FullName string `json:"full_name"`
			} `json:"repo"`
		} `json:"head"`
		Base struct {
			Ref string `json:"ref"`
		} `json:"base"`
	} `json:"pull_request"`
	MergeGroup *struct {
		HeadSHA string `json:"head_sha"`
		HeadRef string `json:"head_ref"`
	} `json:"merge_group"`
	Release *struct {
		TagName    string `json:"tag_name"`
		Prerelease bool   `json:"prerelease"`
	} `json:"release"`
	Repository struct {
		FullName      string `json:"full_name"`
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
	Sender user `json:"sender"`
}

type user struct {
	Login string `json:"login"`
}

// ParseEvent reads the payload of the event called name. It fails with
// E_EVENT_PAYLOAD where the payload is missing, is no JSON, or lacks what an
// event of this name always has.
func ParseEvent(name string, data []byte) (Event, error) {
	var p payload
	if len(data) == 0 {
		return Event{}, badPayload(name, "it is empty")
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return Event{}, badPayload(name, err.Error())
	}
	e := Event{
		Name: name, Action: p.Action, Ref: p.Ref, Deleted: p.Deleted,
		Repository: p.Repository.FullName, DefaultBranch: p.Repository.DefaultBranch,
		Sender: p.Sender.Login,
	}
	switch name {
	case "pull_request", "pull_request_target":
		return withPullRequest(e, p)
	case "push":
		if p.Ref == "" {
			return Event{}, badPayload(name, "it has no ref")
		}
		switch {
		case p.Deleted: // after is 40 zeros
		case p.HeadCommit != nil: // after is the tag's own object where a tag is annotated
			e.Commit = p.HeadCommit.ID
		default:
			e.Commit = p.After
		}
	case "delete":
		if p.Ref == "" {
			return Event{}, badPayload(name, "it has no ref")
		}
		e.Deleted = true
		e.Ref = map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[p.RefType] + p.Ref
	case "release":
		if p.Release == nil || p.Release.TagName == "" {
			return Event{}, badPayload(name, "it has no release.tag_name")
		}
		e.Release = &Release{Tag: p.Release.TagName, Prerelease: p.Release.Prerelease}
		e.Ref = "refs/tags/" + p.Release.TagName
	case "merge_group":
		if p.MergeGroup == nil {
			return Event{}, badPayload(name, "it has no merge_group")
		}
		e.Commit, e.Ref = p.MergeGroup.HeadSHA, p.MergeGroup.HeadRef
	case "schedule":
		if e.DefaultBranch != "" { // schedules run on the default branch alone
			e.Ref = "refs/heads/" + e.DefaultBranch
		}
	}
	return e, nil
}

func withPullRequest(e Event, p payload) (Event, error) {
	pr := p.PullRequest
	if pr == nil {
		return Event{}, badPayload(e.Name, "it has no pull_request")
	}
	e.PullRequest = &PullRequest{
		Number: cmp.Or(p.Number, pr.Number), HeadSHA: pr.Head.SHA, BaseRef: pr.Base.Ref,
		Merged: pr.Merged, Author: pr.User.Login,
	}
	if pr.Head.Repo != nil {
		e.PullRequest.HeadRepository = pr.Head.Repo.FullName
	}
	if e.PullRequest.Number <= 0 || pr.Head.SHA == "" {
		return Event{}, badPayload(e.Name, "its pull_request has no number or no head.sha")
	}
	e.Commit = pr.Head.SHA
	if pr.Merged {
		e.Commit, e.Ref = pr.MergeCommitSHA, "refs/heads/"+pr.Base.Ref
	}
	return e, nil
}

func badPayload(name, why string) error {
	return fault.Newf("E_EVENT_PAYLOAD",
		"give the webhook's payload: `--event FILE --event-name NAME`; in a workflow GITHUB_EVENT_PATH names it",
		"the payload of event %q cannot be read: %s", name, why)
}
