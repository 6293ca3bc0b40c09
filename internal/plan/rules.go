package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Rule is one line of the input `tags`. It gives a tag where the event has what
// it needs, and none elsewhere.
type Rule struct {
	Kind   string // pr, version, sha, branch, semver, semver-major-minor, semver-major, raw, date
	Value  string // raw: the name; sha: "long" for the whole id; date: its layout
	Clock  string // date: "run" or "commit"; "" is the commit, and on a schedule the run
	When   When   // "" is wherever the kind gives a tag
	Prefix string // stands before what the kind gives: pr- of `pr`, sha- of `sha`
	Suffix string
}

// When narrows a rule to some of the events.
type When string

// What a rule may be narrowed to.
const (
	WhenTagged        When = "tagged"         // a pushed tag or a release gives the version
	WhenScheduled     When = "scheduled"      // the event is a schedule
	WhenDefaultBranch When = "default-branch" // the event is of the default branch
	WhenNever         When = "never"
)

const ruleHint = "one a line: pr, version, sha, sha=long, branch, semver, semver-major-minor, semver-major, date, date=YYYYMMDD-HHmmss, raw=NAME; " +
	"or one of docker/metadata-action's type=ref, sha, semver, raw, schedule, edge (docs/tags.md)"

// plain are the rules that are one word.
var plain = map[string]Rule{
	"pr":                 {Kind: "pr", Prefix: "pr-"},
	"version":            {Kind: "version"},
	"sha":                {Kind: "sha", Prefix: "sha-"},
	"sha=long":           {Kind: "sha", Prefix: "sha-", Value: "long"},
	"branch":             {Kind: "branch"},
	"semver":             {Kind: "semver"},
	"semver-major-minor": {Kind: "semver-major-minor"},
	"semver-major":       {Kind: "semver-major"},
	"date":               {Kind: "date", Value: "YYYYMMDD"},
}

// ParseRule reads one line of `tags`. It fails with E_TAG_RULE, or with E_TAG
// where the name of a raw tag is none.
func ParseRule(line string) (Rule, error) {
	line = strings.TrimSpace(line)
	rule, known := plain[line]
	name, raw := strings.CutPrefix(line, "raw=")
	layout, date := strings.CutPrefix(line, "date=")
	switch {
	case known:
		return rule, nil
	case line == "":
		return Rule{}, fault.Newf("E_TAG", "leave the line out, or write a rule: "+ruleHint, "an empty tag in `tags`")
	case raw:
		return Rule{Kind: "raw", Value: name}.sound(line)
	case date:
		return Rule{Kind: "date", Value: layout}.sound(line)
	case strings.HasPrefix(line, "type="):
		return metadataRule(line)
	}
	return Rule{}, fault.New("E_TAG_RULE", ruleHint, fmt.Errorf("%q is no rule for a tag; for the tag of that name write raw=%s", line, line))
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

var (
	prefixForm = pattern.New(`^([A-Za-z0-9_][A-Za-z0-9_.-]*)?$`)
	suffixForm = pattern.New(`^[A-Za-z0-9_.-]*$`)
	layoutForm = pattern.New(`^(YYYY|MM|DD|HH|mm|ss)([-_]?(YYYY|MM|DD|HH|mm|ss))*$`)
)

// longestAround is how much may stand around what a kind gives, so that the
// longest id of a commit has room beside it.
const longestAround = 128 - 64

// samples are what the kinds may give; for a word of theirs no other kind's tag
// may be taken.
var samples = map[string]string{
	"pr": "7", "sha": "0123456789ab", "semver-major-minor": "1.2", "semver-major": "1", "date": "20260131",
}

// sound is the rule, unless it could give no tag, or one that another kind gives.
func (r Rule) sound(line string) (Rule, error) {
	wrong := func(hint, format string, args ...any) (Rule, error) {
		return Rule{}, fault.New("E_TAG_RULE", hint, fmt.Errorf("%q: "+format, append([]any{line}, args...)...))
	}
	if !prefixForm.MatchString(r.Prefix) || !suffixForm.MatchString(r.Suffix) || len(r.Prefix+r.Suffix) > longestAround {
		return wrong(fmt.Sprintf("a prefix and a suffix have the characters A-Z a-z 0-9 _ . -, %d at most, and begin no tag with . or -", longestAround),
			"%q and %q cannot stand around a tag", r.Prefix, r.Suffix)
	}
	sample := samples[r.Kind]
	switch r.Kind {
	case "raw":
		sample = r.Value
		if _, err := ref.ParseTag(r.around(r.Value)); err != nil {
			return Rule{}, err
		}
	case "date":
		if !layoutForm.MatchString(r.Value) || !strings.Contains(r.Value, "YYYY") || !strings.Contains(r.Value, "MM") {
			return wrong("a date is made of YYYY MM DD HH mm ss, with - or _ between them, and has a year and a month: date=YYYYMMDD-HHmmss", "%q is no date", r.Value)
		}
	}
	if other, taken := r.trespasses(r.around(sample)); taken && sample != "" {
		return wrong("write the rule `"+other+"`, or give the tag another name", "%s is what the rule `%s` calls another image", r.around(sample), other)
	}
	return r, nil
}

// around is the name with what stands before and behind it.
func (r Rule) around(name string) string { return r.Prefix + name + r.Suffix }
