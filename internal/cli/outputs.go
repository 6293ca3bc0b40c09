package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// output is one result of a command: a `name=value` line on stdout, and an
// output of its action. The value is "" where the run did not get that far.
type output struct {
	name, help string
	value      func(*ship.State) string
}

// The outputs of all commands; each command names its own, in this order.
var allOutputs = []output{
	{"images", "References in the registries, `repository:tag@digest`, one a line.", pushedImages},
	{"tags", "Tags of the image, one a line.", tagNames},
	{"tag", "The tag that is deployed: the version where there is one.", deployedTag},
	{"version", "The number of the commit, such as `v0.0.7`; empty where none was asked for.", func(s *ship.State) string { return string(s.Version) }},
	{"latest-version", "The highest version of `latest-version-of`; empty where none was asked for.", func(s *ship.State) string { return string(s.Latest) }},
	{"digest", "Digest of the image, `sha256:…`.", func(s *ship.State) string { return string(s.Digest) }},
	{"exists", "`true` if the registry has the image, `false` if not.", func(s *ship.State) string { return strconv.FormatBool(s.Digest != "") }},
	{"deploy-ref", "The one reference to hand to a bump, pinned as `pin` says; empty where nothing was pushed.", func(s *ship.State) string { return s.Ref.String() }},
	{"changed", "`true` if the infra repository was changed, `false` if not.", func(s *ship.State) string { return strconv.FormatBool(s.Bump != nil && s.Bump.Changed) }},
	{"branch", "Branch of the infra repository that was written; of a dry run, that would be.", bumped(func(b *ship.Bumped) string { return b.Branch })},
	{"commit-sha", "Commit in the infra repository that holds the reference; empty of a dry run, and where no file names the image.", bumped(func(b *ship.Bumped) string { return b.Commit })},
	{"diff", "Unified diff of the infra repository; of a very long one, the first 100 KiB.", bumped(shortDiff)},
	{"pull-request-number", "Number of the pull request; empty where there is none.", pullRequest(func(pr *ship.PullRequest) string { return strconv.Itoa(pr.Number) })},
	{"pull-request-url", "Page of the pull request.", pullRequest(func(pr *ship.PullRequest) string { return pr.URL })},
	{"pull-request-operation", "What became of the pull request: `created`, `updated`, `none` (it was so already), `closed` or `merged`.", pullRequest(func(pr *ship.PullRequest) string { return pr.Operation })},
	{"docker-config", "Folder of docker's configuration with the logins; empty of a dry run.", func(*ship.State) string { return "" }},
	{"plan", "What was decided, and why, as JSON.", planJSON},
}

// The names of each command's outputs.
var outputNames = map[string][]string{
	"ship":    {"images", "tags", "tag", "version", "digest", "deploy-ref", "changed", "branch", "commit-sha", "diff", "pull-request-number", "pull-request-url", "pull-request-operation", "plan"},
	"build":   {"images", "tags", "tag", "version", "digest", "deploy-ref", "plan"},
	"push":    {"images", "tags", "tag", "version", "digest", "deploy-ref", "plan"},
	"plan":    {"tags", "tag", "plan"},
	"bump":    {"deploy-ref", "changed", "branch", "commit-sha", "diff", "pull-request-number", "pull-request-url", "pull-request-operation"},
	"promote": {"images", "tags", "tag", "digest", "deploy-ref", "changed", "branch", "commit-sha", "diff", "pull-request-number", "pull-request-url", "pull-request-operation"},
	"version": {"version", "latest-version"},
	"login":   {"docker-config"},
	"resolve": {"exists", "digest", "deploy-ref"},
}

// otherHelp is that of outputs which mean something else in a command.
var otherHelp = map[string]map[string]string{
	"resolve": {"deploy-ref": "The reference, as `pin` has it written; empty where the registry does not have the image."},
	"promote": {"deploy-ref": "The reference that files get, as `pin` has it written; empty where the run did not get that far."},
	"bump":    {"deploy-ref": "The reference that was asked for, as `pin` has it written; empty where it was not written."},
}

// outputsOf are the outputs of a command, in their order.
func outputsOf(command string) []output {
	var all []output
	for _, name := range outputNames[command] {
		for _, o := range allOutputs {
			if o.name == name {
				o.help = cmp.Or(otherHelp[command][name], o.help)
				all = append(all, o)
			}
		}
	}
	return all
}

// values are the outputs of a command in a state.
func values(command string, s *ship.State) []runner.Output {
	var all []runner.Output
	for _, o := range outputsOf(command) {
		all = append(all, runner.Output{Name: o.name, Value: o.value(s)})
	}
	return all
}

func pushedImages(s *ship.State) string {
	var all []string
	for _, p := range s.Pushed {
		all = append(all, p.Image.String())
	}
	return strings.Join(all, "\n")
}

func tagNames(s *ship.State) string {
	var all []string
	for _, t := range s.Tags {
		if t.Name != "" {
			all = append(all, string(t.Name))
		}
	}
	return strings.Join(all, "\n")
}

func deployedTag(s *ship.State) string {
	image, _ := s.Deploy()
	return string(image.Tag)
}

// diffLimit keeps the output small enough for the environment of a later step,
// whose variables hold at most 128 KiB each.
const diffLimit = 100 << 10

func shortDiff(b *ship.Bumped) string {
	shown, left := b.ShortDiff(diffLimit)
	if left > 0 {
		shown += fmt.Sprintf("… lines left out: %d\n", left)
	}
	return shown
}

func bumped(value func(*ship.Bumped) string) func(*ship.State) string {
	return func(s *ship.State) string {
		if s.Bump == nil {
			return ""
		}
		return value(s.Bump)
	}
}

func pullRequest(value func(*ship.PullRequest) string) func(*ship.State) string {
	return bumped(func(b *ship.Bumped) string {
		if b.PullRequest == nil {
			return ""
		}
		return value(b.PullRequest)
	})
}

func planJSON(s *ship.State) string {
	if s.Plan.Event == "" { // it did not come to a plan
		return ""
	}
	text, err := json.Marshal(s.Plan)
	if err != nil {
		panic(err) // a plan holds nothing that JSON cannot
	}
	return string(text)
}
