package build

import (
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/near"
)

// CheckPlatform holds a platform that is asked for, "" for none, to its form, and
// where the native builder may be the one that builds, to what there is. It fails
// with E_BUILD_PLATFORM.
func CheckPlatform(platform, builder string) error {
	if platform == "" {
		return nil
	}
	p, err := parsePlatform(platform)
	if err == nil && builder != (Buildx{}).Name() {
		err = known(p, platform)
	}
	return err
}

// The systems and architectures that images are made for: those of Go, whose names
// the specification of images takes, and the ones that WebAssembly goes by.
var (
	knownSystems = []string{"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "dragonfly", "solaris", "illumos", "aix",
		"plan9", "android", "ios", "js", "wasi", "wasip1"}
	knownArchitectures = []string{"amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "ppc64", "s390x", "loong64",
		"mips64le", "mips64", "mipsle", "mips", "wasm"}
)

// known refuses a platform that is not in the lists above. The native builder runs nothing
// that would notice: it writes into the image what it is told.
func known(p v1.Platform, given string) error {
	if slices.Contains(knownSystems, p.OS) && slices.Contains(knownArchitectures, p.Architecture) {
		return nil
	}
	hint := "a platform is os/arch[/variant], such as linux/amd64 or linux/arm64"
	meant := []string{near.Likely(p.OS, knownSystems), near.Likely(p.Architecture, knownArchitectures)}
	if !slices.Contains(meant, "") {
		hint = fmt.Sprintf("did you mean %s", strings.Join(meant, "/"))
	}
	return fault.Newf("E_BUILD_PLATFORM", hint+"; a platform that is new takes `builder: buildx`", "there is no platform %q", given)
}
