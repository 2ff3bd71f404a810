package statement

import (
	"regexp"
	"strings"

	"github.com/akinserver/akin/embed/name"
)

// partOfSpeech reports whether the subject of a clause is one that a speaker uses in a speech.
func partOfSpeech(words string) bool {
	words = strings.TrimLeft(words, "但而且也")
	for _, w := range []string{"我们", "我", "咱们", "你们", "你", "大家", "人们", "有人", "双方", "各方", "中方", "我方", "俄方", "两国", "他们", "谁"} {
		if strings.HasPrefix(words, w) {
			return true
		}
	}
	return false
}

// sideSays reports whether a narrator tells what a side of talks said: 中方表示，. A speaker says what his side thinks and
// hopes.
func sideSays(a attribution) bool {
	switch a.cue.word {
	case "表示", "称", "说", "指出":
		return strings.HasSuffix(a.words, "方")
	}
	return false
}

func per(words string) bool {
	return strings.HasPrefix(words, "据") || strings.HasPrefix(words, "按")
}

// sceneHints are characters one of which every scene holds.
const sceneHints = "见议席提绍应署影明评于员认表因"

// document is how the words for a paper end.
var document = regexp.MustCompile(`(?:报告|规划|意见|方案|文件|纲要|通知|法规|条例)(?:中|里|明确|还|也)?$`)

// narrated reports whether the narrator takes over from a running speech in a sentence.
func (c *chinese) narrated(u span, run *speech) bool {
	if run.quotesOnly {
		_, ok := c.whole(u)
		return !ok
	}
	words := c.plain(u)
	if narrates.has(firstRune(words)) && narration.MatchString(words) || strings.ContainsAny(words, sceneHints) && scene.MatchString(words) {
		return true
	}
	if heSaid.MatchString(words) && !c.spokeOf(run) {
		return true
	}
	if run.then == implied && thisIs.MatchString(words) {
		return true
	}
	if run.title != "" && strings.Contains(words, run.title) {
		return true
	}
	if run.speaker != "" {
		for n := range strings.SplitSeq(run.speaker, "、") {
			if strings.Contains(words, n) {
				return true // nobody speaks of himself by his full name
			}
			if dot := strings.LastIndexFunc(n, name.IsDot); dot >= 0 && strings.HasPrefix(words, strings.TrimLeftFunc(n[dot:], name.IsDot)) {
				return true
			}
		}
	}
	return false
}

// spokeOf reports whether the last sentence of a speech names somebody else.
func (c *chinese) spokeOf(run *speech) bool {
	if len(c.found) == 0 {
		return false
	}
	for _, n := range c.people.mentioned(c.found[len(c.found)-1].Text) {
		if n != run.speaker {
			return true
		}
	}
	return false
}
