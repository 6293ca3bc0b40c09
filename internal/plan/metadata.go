package plan

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// attributes are those that a type of docker/metadata-action may have here,
// beside prefix, suffix and enable. One that is not listed would change the tag,
// so it is refused, and never dropped in silence.
var attributes = map[string][]string{
	"ref": {"event"}, "sha": {"format"}, "semver": {"pattern"}, "raw": {"value"}, "schedule": {"pattern"}, "edge": {},
}

// metadataRule reads the spelling of docker/metadata-action, a line of CSV, as
// its README has it.
func metadataRule(line string) (Rule, error) {
	bad := func(format string, args ...any) error {
		return fault.New("E_TAG_RULE", ruleHint, fmt.Errorf("%q: "+format, append([]any{line}, args...)...))
	}
	set, err := metadataFields(line)
	if err != nil {
		return Rule{}, bad("%w", err)
	}
	var rule Rule
	switch set["type"] {
	case "ref":
		rule, err = refRule(set["event"])
	case "sha":
		rule, err = shaRule(set["format"])
	case "semver":
		rule, err = semverRule(set["pattern"])
	case "raw":
		rule, err = templateRule(set["value"])
	case "edge":
		rule = Rule{Kind: "raw", Value: "edge", When: WhenDefaultBranch}
	case "schedule":
		if _, given := set["pattern"]; !given {
			set["pattern"] = "nightly"
		}
		rule, err = templateRule(set["pattern"])
		rule.When = WhenScheduled
	}
	if err == nil {
		rule, err = rule.enabled(set)
	}
	if err != nil {
		return Rule{}, bad("%w", err)
	}
	if prefix, given := set["prefix"]; given {
		if rule.Kind == "pr" || rule.Kind == "sha" {
			rule.Prefix = "" // theirs is in its place
		}
		rule.Prefix = prefix + rule.Prefix
	}
	rule.Suffix += set["suffix"]
	return rule.sound(line)
}

// metadataFields are the attributes of a line; what has no name is the value.
func metadataFields(line string) (map[string]string, error) {
	fields, err := csv.NewReader(strings.NewReader(line)).Read()
	if err != nil {
		return nil, err
	}
	set := map[string]string{}
	var keys []string
	for _, f := range fields {
		key, value, named := strings.Cut(f, "=")
		if !named {
			key, value = "value", f
		}
		key = strings.ToLower(strings.TrimSpace(key))
		if _, twice := set[key]; twice {
			return nil, fmt.Errorf("%s is given twice", key)
		}
		set[key] = strings.TrimSpace(value)
		keys = append(keys, key)
	}
	allowed, known := attributes[set["type"]]
	if !known {
		return nil, fmt.Errorf("type=%s is not understood", set["type"])
	}
	allowed = append([]string{"type", "prefix", "suffix", "enable"}, allowed...)
	for _, key := range keys {
		switch {
		case key == "priority":
			return nil, errors.New("priority is not understood: tags are in the order of the lines")
		case !slices.Contains(allowed, key):
			return nil, fmt.Errorf("type=%s has no %s here", set["type"], key)
		}
	}
	return set, nil
}

func refRule(event string) (Rule, error) {
	switch event {
	case "pr", "branch":
		return plain[event], nil
	case "tag":
		return Rule{Kind: "version", When: WhenTagged}, nil
	}
	return Rule{}, fmt.Errorf("event is one of pr, branch, tag, not %q", event)
}

func shaRule(format string) (Rule, error) {
	switch format {
	case "", "short":
		return plain["sha"], nil
	case "long":
		return plain["sha=long"], nil
	}
	return Rule{}, fmt.Errorf("format is short or long, not %q", format)
}

// versions are the parts of a version that a pattern may name.
var versions = map[string]string{
	"{{raw}}":                       "version",
	"{{version}}":                   "semver",
	"{{major}}.{{minor}}.{{patch}}": "semver",
	"{{major}}.{{minor}}":           "semver-major-minor",
	"{{major}}":                     "semver-major",
}

func semverRule(text string) (Rule, error) {
	before, template, after := cutTemplate(text)
	kind := versions[strings.ReplaceAll(template, " ", "")]
	if kind == "" {
		return Rule{}, fmt.Errorf("pattern has one of {{version}}, {{raw}}, {{major}}.{{minor}}, {{major}}, with text around it, not %q", text)
	}
	return Rule{Kind: kind, Prefix: before, Suffix: after}, nil
}

var dateTemplate = pattern.New(`^\{\{ *(date|commit_date) +'([^']*)' *\}\}$`)

// templateRule is a name, which may have a date in it.
func templateRule(text string) (Rule, error) {
	before, template, after := cutTemplate(text)
	if template == "" {
		return Rule{Kind: "raw", Value: text}, nil
	}
	parts := dateTemplate.FindStringSubmatch(template)
	if parts == nil {
		return Rule{}, fmt.Errorf("%s is not understood: what may be filled in is {{date 'YYYYMMDD'}} and {{commit_date 'YYYYMMDD'}}, in UTC", template)
	}
	clock := map[string]string{"date": "run", "commit_date": "commit"}[parts[1]]
	return Rule{Kind: "date", Value: parts[2], Clock: clock, Prefix: before, Suffix: after}, nil
}

// cutTemplate finds what is between the first {{ and the last }}.
func cutTemplate(text string) (before, template, after string) {
	start, end := strings.Index(text, "{{"), strings.LastIndex(text, "}}")
	if start < 0 || end < start {
		return text, "", ""
	}
	return text[:start], text[start : end+2], text[end+2:]
}

// enabled narrows the rule by the attribute enable.
func (r Rule) enabled(set map[string]string) (Rule, error) {
	enable, given := set["enable"]
	switch strings.ToLower(strings.ReplaceAll(enable, " ", "")) {
	case "true":
	case "false":
		r.When = WhenNever
	case "{{is_default_branch}}":
		switch r.When {
		case "":
			r.When = WhenDefaultBranch
		case WhenTagged: // a tag is on no branch
			r.When = WhenNever
		}
	default:
		if given {
			return r, fmt.Errorf("enable is true, false or {{is_default_branch}}, not %q", enable)
		}
	}
	return r, nil
}
