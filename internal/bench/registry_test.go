package bench

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// errand is something that programs do in small registries: how long it takes them,
// and what they ask.
type errand struct {
	name  string
	run   func(i int, hosts []string) []string // the i-th time, at these registries
	times []time.Duration
}

// errands lets programs run in turn, and counts what they ask in one more run, which is
// behind fronts and not in the times.
func errands(b *testing.B, all []*errand, registries ...string) {
	b.Helper()
	i := 0
	for b.Loop() {
		for _, e := range all {
			i++
			e.times = append(e.times, execute(b, e.name, e.run(i, registries)))
		}
	}
	var fronts []*front
	var hosts []string
	for _, host := range registries {
		f := newFront(b, host)
		fronts, hosts = append(fronts, f), append(hosts, f.host)
	}
	b.ReportMetric(0, "ns/op") // of all
	for _, e := range all {
		i++
		execute(b, e.name, e.run(i, hosts))
		var requests, greetings int
		for _, f := range fronts {
			n, real := f.asked()
			requests, greetings = requests+real, greetings+n-real
		}
		b.ReportMetric(1000*median(e.times).Seconds(), e.name+"-ms")
		b.ReportMetric(float64(requests), e.name+"-requests")
		b.ReportMetric(float64(greetings), e.name+"-greetings")
	}
}

// execute runs a program outside of any workflow.
func execute(b *testing.B, name string, args []string) time.Duration {
	b.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=", "GITHUB_OUTPUT=", "GITHUB_STEP_SUMMARY=")
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
	return time.Since(began)
}

// BenchmarkRetag gives an image that is in a registry another name.
func BenchmarkRetag(b *testing.B) {
	tagboat, crane := binary(b), peer(b, "crane")
	s := newStore(b, inMemory(b))
	newAttested(b).push(b, s.host+"/acme/web", "v1")
	errands(b, []*errand{
		{name: "tagboat", run: func(i int, hosts []string) []string {
			return []string{tagboat, "promote", "--from", hosts[0] + "/acme/web:v1", "--to", fmt.Sprintf("r%d", i)}
		}},
		{name: "crane", run: func(i int, hosts []string) []string {
			return []string{crane, "tag", hosts[0] + "/acme/web:v1", fmt.Sprintf("r%d", i)}
		}},
	}, s.host)
}

// BenchmarkPromote copies an index of five platforms and all that is attached from one
// registry to another one: between such as list what is attached, and such as do not,
// where tags do. crane is told what to copy: it does not look for it.
func BenchmarkPromote(b *testing.B) {
	tagboat, crane, image := binary(b), peer(b, "crane"), newAttested(b)
	var digests = image.digests(b)
	for name, start := range map[string]func() string{
		"lists=referrers": func() string { return testkit.NewRegistry(b, testkit.RegistryReferrers()).Host },
		"lists=tags":      func() string { return newStore(b, inMemory(b)).host },
	} {
		from, to := start(), start()
		image.push(b, from+"/acme/web", "v1")
		script := `"$0" copy "$1:v1" "$2:v1"`
		for _, digest := range digests[1:] {
			script += fmt.Sprintf(` && "$0" copy "$1@%s" "$2@%[1]s"`, digest)
		}
		ours := func(path string, hosts []string) []string {
			return []string{tagboat, "promote", "--from", hosts[0] + "/acme/web:v1", "--images", hosts[1] + "/" + path}
		}
		theirs := func(path string, hosts []string) []string {
			return []string{"sh", "-c", script, crane, hosts[0] + "/acme/web", hosts[1] + "/" + path}
		}
		b.Run(name+"/new", func(b *testing.B) {
			last := 0
			errands(b, []*errand{
				{name: "tagboat", run: func(i int, hosts []string) []string { last = i; return ours(fmt.Sprintf("new%d", i), hosts) }},
				{name: "crane", run: func(i int, hosts []string) []string { return theirs(fmt.Sprintf("new%d", i), hosts) }},
			}, from, to)
			image.arrivedAt(b, fmt.Sprintf("%s/new%d", to, last))
		})
		b.Run(name+"/again", func(b *testing.B) {
			image.push(b, to+"/acme/web", "v1")
			errands(b, []*errand{
				{name: "tagboat", run: func(_ int, hosts []string) []string { return ours("acme/web", hosts) }},
				{name: "crane", run: func(_ int, hosts []string) []string { return theirs("acme/web", hosts) }},
			}, from, to)
		})
	}
}

// BenchmarkRegistryBinary is what every step of a job begins with.
func BenchmarkRegistryBinary(b *testing.B) {
	tagboat := binary(b)
	info, err := os.Stat(tagboat)
	if err != nil {
		b.Fatal(err)
	}
	packed := exec.Command("gzip", "-9", "--stdout", tagboat)
	out, err := packed.Output()
	if err != nil {
		b.Fatal(err)
	}
	var times []time.Duration
	measure(b, b.TempDir(), func(int) []string {
		times = append(times, execute(b, "tagboat", []string{tagboat, "--version"}))
		return []string{tagboat, "--version"}
	})
	b.ReportMetric(0, "ns/op") // of two starts
	b.ReportMetric(1000*median(times).Seconds(), "start-ms")
	b.ReportMetric(float64(info.Size())/1e6, "MB")
	b.ReportMetric(float64(len(out))/1e6, "MB-packed")
}
