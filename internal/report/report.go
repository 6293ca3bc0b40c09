// Package report shows people what a run decided and did, as Markdown for the
// step summary. It is complete also where the run failed half-way: what was not
// reached is said to be so.
package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// Home is the page of the project.
const Home = "https://github.com/seed-96940006/tagboat"

// Markdown is the summary of a run; err is what ended it, or nil.
func Markdown(command string, s *ship.State, err error) string {
	var b strings.Builder
	heading(&b, command, s, err)
	failures(&b, err)
	became := "not pushed"
	if s.DryRun && err == nil {
		became = wouldBe(s.Plan)
	}
	images(&b, s, became)
	told(&b, s.Warnings)
	references(&b, s)
	rendered(&b, s)
	steps(&b, s)
	diff(&b, s)
	return b.String()
}

// Plan is the summary of what would be done.
func Plan(p plan.Plan) string {
	s := &ship.State{Plan: p, Tags: p.Tags}
	var b strings.Builder
	fmt.Fprintf(&b, "### tagboat plan\n\n")
	event(&b, s)
	images(&b, s, wouldBe(p))
	b.WriteString("| step | | why |\n|---|---|---|\n")
	for _, step := range []struct {
		name string
		plan.Step
	}{{"build", p.Build.Step}, {"push", p.Push}, {"bump", p.Bump.Step}} {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", step.name, map[bool]string{true: "yes", false: "no"}[step.Do], cell(step.Reason))
	}
	return b.String()
}

func heading(b *strings.Builder, command string, s *ship.State, err error) {
	result := "done"
	switch {
	case err != nil:
		result = "failed"
	case s.DryRun:
		result = "dry run: nothing was changed"
	default:
		result = became(s)
	}
	fmt.Fprintf(b, "### tagboat %s: %s\n\n", command, result)
	event(b, s)
	found(b, s)
}

// event is what the run is about.
func event(b *strings.Builder, s *ship.State) {
	if s.Plan.Event != "" {
		fmt.Fprintf(b, "%s: %s", code(s.Plan.Event), text(s.Plan.Reason))
		if s.Plan.Commit.SHA != "" {
			fmt.Fprintf(b, " · commit %s", code(short(s.Plan.Commit.SHA)))
		}
		b.WriteString("\n\n")
	}
}

// became is what a run came to: whether a step did something outside of this
// machine, found it done, or had nothing to do.
func became(s *ship.State) string {
	result := "nothing to do"
	for _, o := range s.Outcomes {
		switch {
		case o.Status == ship.Done && (o.Step == "push" || o.Step == "copy" || o.Step == "bump" || o.Step == "version"):
			return "done"
		case o.Status == ship.AlreadySo:
			result = "already so"
		case o.Status == ship.Done && o.Step == "build" && result == "nothing to do":
			result = "built, not pushed"
		}
	}
	return result
}

func failures(b *strings.Builder, err error) {
	told(b, fault.All(err))
}

func told(b *strings.Builder, all []*fault.Fault) {
	for _, f := range all {
		fmt.Fprintf(b, "> **[%s](%s/blob/main/docs/troubleshooting.md#%s)** %s\n", f.Code, Home, strings.ToLower(f.Code), text(f.Error()))
		if f.Hint != "" {
			fmt.Fprintf(b, ">\n> %s\n", text(f.Hint))
		}
		b.WriteString("\n")
	}
}

// wouldBe is what would become of an image that is not pushed yet.
func wouldBe(p plan.Plan) string {
	if p.Push.Do {
		return "would be pushed"
	}
	return "not pushed"
}

// images is a table of what was pushed; missing says what became of all others.
func images(b *strings.Builder, s *ship.State, missing string) {
	if len(s.Plan.Images) == 0 || len(s.Tags) == 0 {
		return
	}
	pushed := map[string]ship.Pushed{}
	for _, p := range s.Pushed {
		pushed[p.Image.Repository.String()+":"+string(p.Image.Tag)] = p
	}
	b.WriteString("| image | digest | | why |\n|---|---|---|---|\n")
	for _, image := range s.Plan.Images {
		for _, t := range s.Tags {
			name := image.String() + ":" + t.String()
			digest, became := string(s.Digest), missing
			if p, ok := pushed[name]; ok {
				digest, became = string(p.Image.Digest), "pushed"
				if p.Already {
					became = "already so"
				}
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", code(name), code(digest), became, cell(t.Reason))
		}
	}
	b.WriteString("\n")
}

func references(b *strings.Builder, s *ship.State) {
	if s.Bump == nil {
		return
	}
	where := codeLink(s.Bump.Repository, s.Bump.Page)
	if s.Bump.Branch != "" {
		where += ", branch " + code(s.Bump.Branch)
	}
	if s.Bump.Commit != "" {
		where += ", commit " + codeLink(short(s.Bump.Commit), s.Bump.Page+"/commit/"+s.Bump.Commit)
	}
	if len(s.Bump.Changes) == 0 {
		fmt.Fprintf(b, "No file names the image in %s.\n\n", where)
	} else {
		fmt.Fprintf(b, "References in %s:\n\n", where)
		fields(b, s.Bump.Changes, len(s.Bump.Changes))
	}
	if page, ok := s.Bump.Unopened(); ok {
		fmt.Fprintf(b, "git opens no pull request: %s, if there is none yet.\n\n", link("open it from its branch", page))
	}
	if s.Bump.Would != "" {
		fmt.Fprintf(b, "> %s\n\n", text(s.Bump.Would))
	}
	if pr := s.Bump.PullRequest; pr != nil {
		fmt.Fprintf(b, "Pull request %s: %s\n\n", link(fmt.Sprintf("#%d", pr.Number), pr.URL), text(pr.Operation))
		for _, note := range pr.Notes {
			fmt.Fprintf(b, "> %s\n\n", text(note))
		}
	}
	for _, w := range s.Bump.Warnings {
		fmt.Fprintf(b, "> %s\n\n", text(w))
	}
}

// fields is a table of at most so many of the changes.
func fields(b *strings.Builder, changes []manifest.Change, most int) {
	b.WriteString("| file | field | old | new |\n|---|---|---|---|\n")
	for _, c := range changes[:min(len(changes), most)] {
		became := code(c.New)
		if c.Old == c.New {
			became = "already so"
		}
		fmt.Fprintf(b, "| %s:%d | %s | %s | %s |\n", code(c.File), c.Line, code(c.Field), code(c.Old), became)
	}
	if left := len(changes) - most; left > 0 {
		fmt.Fprintf(b, "\n… and %d more\n", left)
	}
	b.WriteString("\n")
}

// shownRendered is how many lines of rendered changes a summary shows.
const shownRendered = 300

func rendered(b *strings.Builder, s *ship.State) {
	if s.Bump != nil {
		renderedIn(b, s.Bump, shownRendered)
	}
}

// renderedIn shows at most so many lines of the rendered changes of a bump.
func renderedIn(b *strings.Builder, bump *ship.Bumped, lines int) {
	diff, left := bump.RenderedDiff(lines)
	if diff == "" && left == 0 {
		return
	}
	b.WriteString("Rendered by kustomize:\n\n")
	if diff != "" {
		fmt.Fprintf(b, "```diff\n%s```\n\n", diff)
	}
	if left > 0 {
		fmt.Fprintf(b, "… and %d more\n\n", left)
	}
}

// shownDiff is how much of a diff a summary shows, in bytes; all of it may be
// more than the page holds.
const shownDiff = 64 << 10

func diff(b *strings.Builder, s *ship.State) {
	if s.Bump == nil || s.Bump.Diff == "" {
		return
	}
	shown, left := s.Bump.ShortDiff(shownDiff)
	rest := ""
	if left > 0 {
		rest = fmt.Sprintf("\n… lines left out: %d\n", left)
	}
	fence := fenceFor(shown)
	fmt.Fprintf(b, "\n<details><summary>Diff</summary>\n\n%sdiff\n%s\n%s\n%s\n</details>\n", fence, strings.TrimSuffix(shown, "\n"), fence, rest)
}

func steps(b *strings.Builder, s *ship.State) {
	if len(s.Outcomes) == 0 {
		return
	}
	b.WriteString("| step | | time | |\n|---|---|---|---|\n")
	for _, o := range s.Outcomes {
		took := ""
		if o.Status != ship.NotReached {
			took = o.Took.Round(time.Millisecond).String()
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", o.Step, o.Status, took, cell(o.Detail))
	}
}

// short is a commit id as people quote it.
func short(sha string) string {
	if len(sha) > 12 {
		return sha[:12]
	}
	return sha
}
