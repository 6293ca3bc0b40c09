package bench

import (
	"cmp"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// BenchmarkPush1GB pushes 12 layers to registries on loopback, which are empty each
// time: to one and to three of them, as fast as the machine can, and to such as take
// 50 MB in a second from everybody; and once more to one that has everything.
func BenchmarkPush1GB(b *testing.B) {
	l := newLane(b)
	b.Run("dry-run", func(b *testing.B) { // what is done before anything is sent, of which the peers do less
		for b.Loop() {
			execute(b, "tagboat", []string{l.tagboat, "push", "--dry-run", "--from", l.layout, "--source", l.checkout, "--tags", "raw=v1", "--images", l.stores[0].host + "/acme/web"})
		}
	})
	b.Run("registries=1", func(b *testing.B) { l.race(b, l.pushers(b), 1) })
	b.Run("registries=3", func(b *testing.B) {
		all := l.pushers(b)
		for _, p := range all {
			if p.by != nil {
				p.most = 1 // it packs everything three times, which takes a minute
			}
		}
		l.race(b, all, 3)
	})
	b.Run("50MB-a-second", l.limited)
	b.Run("again", l.again)
}

// lane is where all push to, and what.
type lane struct {
	layout   string // folder
	digest   string
	stores   []store
	tagboat  string
	checkout string  // that tagboat is run for
	docker   *engine // nil where there is none
	report   string  // file for what a process held
}

func newLane(b *testing.B) *lane {
	b.Helper()
	needs(b, "skopeo", "docker-registry")
	size := pushBytes()
	dir, img := roomy(b, uint64(6*size)), noise(b, size)
	l := &lane{layout: filepath.Join(dir, "layout"), report: filepath.Join(dir, "report")}
	onDisk(b, l.layout, img)
	digest, err := img.Digest()
	if err != nil {
		b.Fatal(err)
	}
	l.digest, l.docker = digest.String(), newEngine(b, img)
	for range 3 {
		l.stores = append(l.stores, newStore(b, dir))
	}
	l.tagboat, l.checkout = binary(b), application(b, 20)
	return l
}

// pushBytes is the size of the image; $BENCH_PUSH_MB makes it another one.
func pushBytes() int64 {
	mb, err := strconv.ParseInt(os.Getenv("BENCH_PUSH_MB"), 10, 64)
	if err != nil {
		mb = 1000
	}
	return mb * 1_000_000
}

func (l *lane) hosts(n int) (hosts []string) {
	for _, s := range l.stores[:n] {
		hosts = append(hosts, s.host)
	}
	return hosts
}

// one lets one of them push to registries that are empty, and looks at what they have.
func (l *lane) one(b *testing.B, p *pusher, hosts []string) {
	b.Helper()
	for _, s := range l.stores {
		s.empty(b)
	}
	p.push(b, l.report, hosts)
	for _, host := range hosts {
		if got := arrived(b, host, p.path()); p.by == nil && got != l.digest {
			b.Fatalf("%s: %s has %s, want %s", p.name, host, got, l.digest)
		}
	}
}

// race lets all push in turn.
func (l *lane) race(b *testing.B, all []*pusher, registries int) {
	hosts := l.hosts(registries)
	for _, p := range all {
		p.prepare(b, hosts)
	}
	for b.Loop() {
		for _, p := range all {
			if p.most == 0 || len(p.times) < p.most {
				l.one(b, p, hosts)
			}
		}
	}
	tell(b, all)
	best := slices.MinFunc(all[1:], func(x, y *pusher) int { return cmp.Compare(median(x.times), median(y.times)) })
	b.ReportMetric(median(all[0].times).Seconds()/median(best.times).Seconds(), "of-the-best")
}

// limited pushes to registries that are slower than this machine, as those elsewhere
// are. Peers that take longer by themselves are left out.
func (l *lane) limited(b *testing.B) {
	var hosts []string
	for _, host := range l.hosts(3) {
		f := newFront(b, host)
		f.rate = 50e6
		hosts = append(hosts, f.host)
	}
	one, three := l.pushers(b)[:2], l.pushers(b)[0]
	three.label = "tagboat-3"
	for b.Loop() {
		for _, p := range one {
			l.one(b, p, hosts[:1])
		}
		l.one(b, three, hosts)
	}
	tell(b, append(one, three))
	b.ReportMetric(median(three.times).Seconds()/median(one[0].times).Seconds(), "three-of-one")
	b.ReportMetric(median(one[0].times).Seconds()/median(one[1].times).Seconds(), "of-the-best")
}

// again pushes what is there already, and counts the requests of one more time.
func (l *lane) again(b *testing.B) {
	all, through := l.pushers(b), newFront(b, l.stores[0].host)
	for _, s := range l.stores {
		s.empty(b)
	}
	for _, p := range all {
		p.prepare(b, append(l.hosts(1), through.host))
		p.push(b, l.report, l.hosts(1))
		p.forget()
	}
	for b.Loop() {
		for _, p := range all {
			p.push(b, l.report, l.hosts(1))
		}
	}
	tell(b, all)
	for _, p := range all {
		for range 2 { // docker knows by the first that blobs are there
			through.asked()
			p.push(b, l.report, []string{through.host})
		}
		n, _ := through.asked()
		b.ReportMetric(float64(n), p.label+"-requests")
	}
}

// arrived is the digest of what a registry has.
func arrived(b *testing.B, host, path string) string {
	b.Helper()
	request, err := http.NewRequest(http.MethodHead, "http://"+host+"/v2/"+path+"/manifests/v1", nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header["Accept"] = []string{"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		b.Fatalf("%s has no %s: %s", host, path, response.Status)
	}
	return response.Header.Get("Docker-Content-Digest")
}
