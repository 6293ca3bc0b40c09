package plan

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// Rule is one line of the input `tags`. It gives a tag where the event has what
// it needs, and none elsewhere.
type Rule struct {
	Kind  string // pr, version, sha, branch, raw
	Value string // raw only: the tag itself
}

const ruleHint = "one a line: pr, version, sha, branch, raw=NAME; or docker/metadata-action's type=ref,event=pr, type=ref,event=branch, type=sha, type=raw,value=NAME"

// ParseRule reads one line of `tags`. It fails with E_TAG_RULE, or with E_TAG
// where the name of a raw tag is none.
func ParseRule(line string) (Rule, error) {
	line = strings.TrimSpace(line)
	if name, ok := strings.CutPrefix(line, "raw="); ok {
		return rawRule(name)
	}
	switch line {
	case "pr", "version", "sha", "branch":
		return Rule{Kind: line}, nil
	case "":
		return Rule{}, fault.Newf("E_TAG", "leave the line out, or write a rule: "+ruleHint, "an empty tag in `tags`")
	}
	if strings.HasPrefix(line, "type=") {
		return metadataRule(line)
	}
	return Rule{}, fault.New("E_TAG_RULE", ruleHint, fmt.Errorf("%q is no rule for a tag; for the tag of that name write raw=%s", line, line))
}

// metadataRule reads the spelling of docker/metadata-action, a line of CSV.
func metadataRule(line string) (Rule, error) {
	bad := fault.New("E_TAG_RULE", ruleHint, fmt.Errorf("%q is no rule that Tagboat knows", line))
	fields, err := csv.NewReader(strings.NewReader(line)).Read()
	if err != nil {
		return Rule{}, bad
	}
	set := map[string]string{}
	for _, f := range fields {
		key, value, _ := strings.Cut(f, "=")
		if key != "type" && key != "event" && key != "value" {
			return Rule{}, bad // an attribute that would change the tag is not dropped in silence
		}
		set[key] = value
	}
	switch {
	case set["type"] == "raw" && set["event"] == "":
		return rawRule(set["value"])
	case set["value"] != "":
	case set["type"] == "sha" && set["event"] == "":
		return Rule{Kind: "sha"}, nil
	case set["type"] == "ref" && (set["event"] == "pr" || set["event"] == "branch"):
		return Rule{Kind: set["event"]}, nil
	}
	return Rule{}, bad
}

func rawRule(name string) (Rule, error) {
	if _, err := ref.ParseTag(name); err != nil {
		return Rule{}, err
	}
	return Rule{Kind: "raw", Value: name}, nil
}

// ParseRules reads the input `tags`; all mistakes come back at once.
func ParseRules(lines []string) ([]Rule, error) {
	var rules []Rule
	var errs []error
	for _, line := range lines {
		rule, err := ParseRule(line)
		rules, errs = append(rules, rule), append(errs, err)
	}
	return rules, errors.Join(errs...)
}

// defaultRules are those of an event for which `tags` says nothing.
func defaultRules(k kind) []Rule {
	switch k {
	case preview:
		return []Rule{{Kind: "pr"}, {Kind: "sha"}}
	case release, exact:
		return []Rule{{Kind: "version"}}
	}
	return nil
}

// tags applies the rules. A rule that the event gives nothing for is left out;
// two rules that give one name give it once.
func tags(rules []Rule, m meaning, e runner.Event, commit string, claim Claim) []Tag {
	var all []Tag
	seen := map[string]bool{}
	for _, rule := range rules {
		t, ok := rule.tag(m, e, commit, claim)
		t.Kind = rule.Kind
		if ok && !seen[t.String()] {
			seen[t.String()] = true
			all = append(all, t)
		}
	}
	return all
}

func (r Rule) tag(m meaning, e runner.Event, commit string, claim Claim) (Tag, bool) {
	switch r.Kind {
	case "pr":
		if m.kind == preview {
			return Tag{Name: ref.Tag(fmt.Sprintf("pr-%d", e.PullRequest.Number)), Reason: "names the pull request; moves with it"}, true
		}
	case "version":
		if m.kind == release {
			return Tag{Pattern: claim.Series + ".N", Immutable: true, Reason: "the next number of the series " + claim.Series}, true
		}
		if m.kind == exact {
			return Tag{Name: ref.Tag(m.version), Immutable: true, Reason: m.reason}, true
		}
	case "sha":
		if len(commit) >= 12 {
			return Tag{Name: ref.Tag("sha-" + commit[:12]), Immutable: true, Reason: "names the commit; stays where it was put first"}, true
		}
	case "branch":
		if name := branchOf(m, e); name != "" {
			return Tag{Name: branchTag(name), Reason: fmt.Sprintf("names the branch %q; moves with it", name)}, true
		}
	case "raw":
		if m.kind == release || m.kind == exact && !m.prerelease {
			return Tag{Name: ref.Tag(r.Value), Reason: "given by `tags`"}, true
		}
	}
	return Tag{}, false
}

func branchOf(m meaning, e runner.Event) string {
	switch {
	case m.kind == preview || m.kind == exact:
		return ""
	case e.PullRequest != nil: // merged
		return e.PullRequest.BaseRef
	}
	return e.Branch()
}

var notInTags = pattern.New(`[^A-Za-z0-9_.-]`)

// branchTag makes a tag of a branch's name. A name that had to be changed gets a
// hash of the whole, so that feature/a and feature-a never share a tag.
func branchTag(branch string) ref.Tag {
	clean := strings.TrimLeft(notInTags.ReplaceAllString(branch, "-"), ".-")
	if clean == branch && len(clean) <= 128 {
		return ref.Tag(clean)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(branch)))[:8]
	if len(clean) > 128-9 {
		clean = clean[:128-9]
	}
	return ref.Tag(strings.TrimLeft(clean+"-"+sum, "-"))
}
