package build

import (
	"context"
	"strings"
	"testing"
)

func TestPick(t *testing.T) {
	tests := map[string]struct {
		name       string
		dockerfile string
		target     string
		want       string
		reason     string
		code       string
	}{
		"nothing to run":                     {"auto", "FROM scratch\nCOPY . /\n", "", "native", "nothing in the Dockerfile needs Docker", ""},
		"RUN":                                {"auto", "FROM scratch\nCOPY . /\nRUN a\nRUN b\n", "", "buildx", "Dockerfile:3 has RUN; docker buildx builds it", ""},
		"RUN in a stage that is not needed":  {"auto", "FROM a AS a\nRUN a\nFROM scratch\nCOPY . /\n", "", "native", "nothing", ""},
		"RUN in a stage that is copied from": {"", "FROM a AS a\nRUN a\nFROM scratch\nCOPY --from=a . /\n", "", "buildx", "Dockerfile:2 has RUN", ""},
		"RUN below the target":               {"auto", "FROM scratch AS a\nFROM a\nRUN b\n", "a", "native", "nothing", ""},
		"something else":                     {"auto", "FROM scratch\nADD https://x/y /\n", "", "buildx", "does not ADD from the network: https://x/y; docker buildx", ""},
		"a mistake is one for both":          {"auto", "FROM scratch\nNO\n", "", "", "", "E_DOCKERFILE"},
		"native, asked for":                  {"native", "FROM scratch\n", "", "native", "asked for", ""},
		"native, in vain":                    {"native", "FROM scratch\nRUN a\n", "", "native", "", "E_BUILD_RUN"},
		"buildx, asked for":                  {"buildx", "FROM scratch\n", "", "buildx", "asked for", ""},
		"no such builder":                    {"kaniko", "FROM scratch\n", "", "", "", "E_BUILDER"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			useDocker(t, "docker-container")
			r := Request{Context: folder(t, map[string]string{"Dockerfile": test.dockerfile}), Target: test.target}
			got, reason, err := Pick(context.Background(), test.name, r, Native{}, Buildx{})
			if test.code != "" {
				wantFault(t, err, test.code, errLine(err), "", "")
				return
			}
			must(t, err)
			if got.Name() != test.want || !strings.Contains(reason, test.reason) {
				t.Errorf("got %s because %q, want %s because %q", got.Name(), reason, test.want, test.reason)
			}
		})
	}
}
