package build

import "testing"

// What is no platform goes into no image: nothing on the way there would notice.
func TestCheckPlatform(t *testing.T) {
	const several, form = "docker/build-push-action", "such as linux/amd64"
	for name, test := range map[string]struct {
		platform, builder string
		text, hint        string // "" and "" is a platform
	}{
		"none":                       {},
		"one":                        {platform: "linux/arm64/v8"},
		"another name":               {platform: "Linux/x86_64"},
		"another system":             {platform: "windows/amd64"},
		"two, with a comma":          {platform: "linux/amd64,linux/arm64", text: "more than one platform", hint: several},
		"two, with a semicolon":      {platform: "linux/amd64;linux/arm64", text: "more than one platform", hint: several},
		"two, with a blank":          {platform: "linux/amd64 linux/arm64", text: "more than one platform", hint: several},
		"two lines":                  {platform: "linux/amd64\nlinux/arm64", text: "more than one platform", hint: several},
		"two, for buildx":            {platform: "linux/amd64,linux/arm64", builder: "buildx", text: "more than one platform", hint: several},
		"an end that is missing":     {platform: "linux/", text: "is not a platform", hint: form},
		"other marks":                {platform: "linux/amd64|arm64", text: "is not a platform", hint: form},
		"a flag":                     {platform: "linux/-amd64", builder: "buildx", text: "is not a platform", hint: form},
		"a slip":                     {platform: "linux/amd46", text: `there is no platform "linux/amd46"`, hint: "did you mean linux/amd64"},
		"a slip of the system":       {platform: "linx/arm64", text: "no platform", hint: "did you mean linux/arm64"},
		"a name that nobody knows":   {platform: "linux/quantum", text: "no platform", hint: form},
		"one that buildx may know":   {platform: "linux/quantum", builder: "buildx"},
		"a slip, for native":         {platform: "linux/arm46", builder: "native", text: "no platform", hint: "did you mean linux/arm64"},
		"one that is new, for auto":  {platform: "linux/quantum", builder: "auto", text: "no platform", hint: "`builder: buildx`"},
		"a variant that nobody made": {platform: "linux/arm/v,7", text: "more than one platform", hint: several},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckPlatform(test.platform, test.builder)
			if test.text == "" {
				must(t, err)
				return
			}
			wantFault(t, err, "E_BUILD_PLATFORM", 0, test.text, test.hint)
		})
	}
}
