package bench

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// pusher is a program that pushes the image, and what its runs have cost.
type pusher struct {
	name  string
	label string // of its figures
	args  func(images []string) []string
	by    *engine // that does it in its place, if any
	most  int     // rounds that are enough; 0 is any number
	times []time.Duration
	cpu   []time.Duration // of the program and of all that it started
	peak  int64           // KiB
}

// pushers are Tagboat and its peers, each with the image as it likes it.
func (l *lane) pushers(b *testing.B) []*pusher {
	b.Helper()
	all := []*pusher{
		{name: "tagboat", args: func(images []string) []string {
			args := []string{l.tagboat, "push", "--from", l.layout, "--source", l.checkout, "--tags", "raw=v1"}
			for _, image := range images {
				args = append(args, "--images", image)
			}
			return args
		}},
		{name: "crane", args: each(`"$0" push "$FROM" "$image:v1"`, peer(b, "crane"))},
		{name: "skopeo", args: each(`"$0" --insecure-policy copy --quiet --dest-tls-verify=false "oci:$FROM" "docker://$image:v1"`, "skopeo")},
	}
	b.Setenv("FROM", l.layout)
	if l.docker != nil {
		all = append(all, &pusher{name: "docker", args: each(`"$0" push --quiet "$image:v1"`, "docker"), by: l.docker})
	}
	for _, p := range all {
		p.label = p.name
	}
	return all
}

// each lets a program ($0) that pushes to one place push to several, one after the
// other.
func each(push, program string) func(images []string) []string {
	return func(images []string) []string {
		return append([]string{"sh", "-c", "for image; do " + push + " || exit; done", program}, images...)
	}
}

// path is the repository in every registry: what docker pushes has another digest.
func (p *pusher) path() string { return p.name + "/web" }

func (p *pusher) images(hosts []string) (images []string) {
	for _, host := range hosts {
		images = append(images, host+"/"+p.path())
	}
	return images
}

// prepare does what is to be done once.
func (p *pusher) prepare(b *testing.B, hosts []string) {
	b.Helper()
	if p.by != nil {
		p.by.names(b, p.images(hosts))
	}
}

// forget begins anew.
func (p *pusher) forget() { p.times, p.cpu, p.peak = nil, nil, 0 }

// push runs it once. The program measure puts between writes the report.
func (p *pusher) push(b *testing.B, report string, hosts []string) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	if p.by != nil {
		p.by.refresh(b)
	}
	cmd := exec.Command(self, p.args(p.images(hosts))...)
	cmd.Env = append(os.Environ(), "BENCH_REPORT="+report, "GITHUB_ACTIONS=", "GITHUB_OUTPUT=", "GITHUB_STEP_SUMMARY=")
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", p.name, err, out)
	}
	p.times = append(p.times, time.Since(began))
	p.cpu = append(p.cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	text, err := os.ReadFile(report)
	if err != nil {
		b.Fatal(err)
	}
	kib, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	if p.by != nil {
		kib += p.by.peak(b)
	}
	p.peak = max(p.peak, kib)
}

// tell reports the medians of all, and the most that each held.
func tell(b *testing.B, all []*pusher) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // of all
	for _, p := range all {
		b.ReportMetric(1000*median(p.times).Seconds(), p.label+"-ms")
		b.ReportMetric(float64(p.peak)/1024, p.label+"-MiB")
		if p.by == nil {
			b.ReportMetric(1000*median(p.cpu).Seconds(), p.label+"-cpu-ms")
		}
	}
}
