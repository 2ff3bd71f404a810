package name_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin/embed/name"
)

func TestShapes(t *testing.T) {
	rows := []struct {
		in               string
		chinese, foreign bool
	}{
		{"林远山", true, false},
		{"郝洪", true, false},
		{"诸葛澄", true, false},
		{"林", false, false},
		{"林远山说", false, false},
		{"大桥", false, false},
		{"索尔达克", false, true},
		{"埃米尔·索尔达克", false, true},
		{"马丁", true, true}, // both: only the article can tell
		{"·索尔达克", false, false},
		{"索尔达克·", false, false},
		{"Tom", false, false},
		{"", false, false},
	}
	for _, tt := range rows {
		if got := name.IsChinese(tt.in); got != tt.chinese {
			t.Errorf("IsChinese(%q) = %v, want %v", tt.in, got, tt.chinese)
		}
		if got := name.IsForeign(tt.in); got != tt.foreign {
			t.Errorf("IsForeign(%q) = %v, want %v", tt.in, got, tt.foreign)
		}
	}
}

func TestList(t *testing.T) {
	rows := []struct {
		name string
		in   string
		want []string
	}{
		{"joined by marks", "记者杜尚山、郝洪", []string{"杜尚山", "郝洪"}},
		{"parted by spaces", "记者 张三山 李四海", []string{"张三山", "李四海"}},
		{"two roles", "远声社记者张三山 通讯员李四海", []string{"张三山", "李四海"}},
		{"a name spaced out", "记者张　三、李四海", []string{"张三", "李四海"}},
		{"what they did is dropped", "记者张三山 摄影报道", []string{"张三山"}},
		{"the last character of a name is not what they did", "记者贝文、李图", []string{"贝文", "李图"}},
		{"an unusual surname where a name must be", "记者璧小山", []string{"璧小山"}},
		{"joined by 和", "张三山和李四海", []string{"张三山", "李四海"}},
		{"English", "Ruth Adler and Tom van Beck", []string{"Ruth Adler", "Tom van Beck"}},
		{"a sentence is no list of names", "记者在码头上看到渡船已经停开两天", nil},
		{"words in lower case are no names", "the staff of the paper", nil},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if got := name.List(tt.in); !cmp.Equal(tt.want, got) {
				t.Errorf("List(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
