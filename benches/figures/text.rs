//! Made-up texts of realistic size in several languages, the same ones at every run.

/// A small generator of numbers (xorshift64*): the seed decides everything.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// 0 to `end` - 1.
    pub fn below(&mut self, end: usize) -> usize {
        let high = u128::from(self.next()) * end.max(1) as u128;
        (high >> 64) as usize
    }

    /// 0 to `end` - 1, small numbers much more often: how much people write, how often words come.
    pub fn skewed(&mut self, end: usize) -> usize {
        let unit = self.below(1 << 24) as f64 / f64::from(1 << 24);
        (unit * unit * end as f64) as usize
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let index = self.below(list.len());
        list.get(index).copied().unwrap_or_default()
    }
}

const ENGLISH: &[&str] = &[
    "the",
    "of",
    "and",
    "a",
    "in",
    "is",
    "it",
    "you",
    "that",
    "was",
    "for",
    "on",
    "are",
    "with",
    "this",
    "have",
    "from",
    "server",
    "people",
    "morning",
    "garden",
    "software",
    "photograph",
    "mountain",
    "release",
    "yesterday",
    "interesting",
    "question",
    "because",
    "sometimes",
    "train",
    "weather",
    "library",
    "coffee",
    "community",
    "federation",
    "protocol",
    "keyboard",
    "winter",
    "music",
    "writing",
    "finally",
    "should",
    "nothing",
    "another",
    "beautiful",
    "learned",
    "river",
];
const GERMAN: &[&str] = &[
    "der",
    "die",
    "und",
    "in",
    "den",
    "von",
    "zu",
    "das",
    "mit",
    "sich",
    "des",
    "auf",
    "für",
    "ist",
    "im",
    "dem",
    "nicht",
    "ein",
    "eine",
    "als",
    "auch",
    "es",
    "Werkzeug",
    "Bahnhof",
    "Wetter",
    "Freundschaft",
    "Garten",
    "Rechner",
    "Veröffentlichung",
    "gestern",
    "vielleicht",
    "Straße",
    "Übung",
    "schön",
    "Geschichte",
    "Nachricht",
    "Wanderung",
    "Abendessen",
    "Frage",
];
const FRENCH: &[&str] = &[
    "le",
    "de",
    "un",
    "être",
    "et",
    "à",
    "il",
    "avoir",
    "ne",
    "je",
    "son",
    "que",
    "se",
    "qui",
    "ce",
    "dans",
    "en",
    "du",
    "elle",
    "au",
    "bonjour",
    "maison",
    "journée",
    "développement",
    "aujourd'hui",
    "peut-être",
    "café",
    "forêt",
    "rivière",
    "bibliothèque",
    "élève",
    "hiver",
];
const CHINESE: &[&str] = &[
    "今天",
    "天气",
    "我们",
    "服务器",
    "网络",
    "联邦",
    "朋友",
    "工作",
    "学习",
    "音乐",
    "电影",
    "照片",
    "时间",
    "问题",
    "中国",
    "世界",
    "生活",
    "开始",
    "因为",
    "所以",
    "可以",
    "没有",
    "什么",
    "软件",
    "早上",
    "晚上",
    "咖啡",
    "城市",
    "旅行",
    "文章",
    "历史",
    "语言",
    "大家",
    "消息",
    "图书馆",
    "火车",
    "春天",
    "冬天",
    "山",
    "河",
    "的",
    "了",
    "是",
    "在",
    "很",
    "也",
    "都",
    "和",
    "不",
    "人",
    "新",
    "大象",
    "蹄兔",
    "岩石",
    "草原",
    "博物馆",
    "望远镜",
    "自行车",
    "面包",
    "邮局",
    "桥",
    "灯塔",
];
const JAPANESE: &[&str] = &[
    "今日",
    "は",
    "です",
    "ます",
    "の",
    "に",
    "を",
    "が",
    "で",
    "と",
    "サーバー",
    "写真",
    "電車",
    "天気",
    "ありがとう",
    "おはよう",
    "猫",
    "音楽",
    "仕事",
    "友達",
    "昨日",
    "コーヒー",
    "東京",
    "面白い",
    "楽しい",
    "という",
    "ソフトウェア",
    "連合",
    "ネットワーク",
    "図書館",
    "冬",
];

/// Languages as they are mixed: a fifth is written without spaces.
const LANGUAGES: &[&str] = &["en", "en", "en", "en", "en", "de", "de", "fr", "zh", "ja"];

pub const TAGS: &[&str] = &[
    "rust",
    "fediverse",
    "photography",
    "caturday",
    "gardening",
    "mastodon",
    "music",
    "books",
    "opensource",
    "linux",
    "art",
    "news",
    "science",
    "sqlite",
    "travel",
    "film",
    "coffee",
    "摄影",
    "音乐",
    "猫",
    "bahn",
    "cuisine",
    "history",
    "maps",
    "birds",
    "monochrome",
    "introduction",
];

pub fn language(rng: &mut Rng) -> &'static str {
    rng.pick(LANGUAGES)
}

/// About `length` characters (a third of it where each says more) without markup.
pub fn plain(rng: &mut Rng, language: &str, length: usize) -> String {
    let (words, space, length) = match language {
        "de" => (GERMAN, " ", length),
        "fr" => (FRENCH, " ", length),
        "zh" => (CHINESE, "", length / 3),
        "ja" => (JAPANESE, "", length / 3),
        _ => (ENGLISH, " ", length),
    };
    let wide = space.is_empty();
    let mut text = String::new();
    let mut count = 0;
    while count < length {
        if wide && rng.percent(30) {
            // beyond the words above: two thousand more characters, rare ones rarely
            let offset = u32::try_from(rng.skewed(2_000)).unwrap_or(0);
            text.extend(char::from_u32(0x4E00 + offset * 7));
            count += 1;
            continue;
        }
        let index = rng.skewed(words.len());
        let word = words.get(index).copied().unwrap_or_default();
        text.push_str(word);
        count += word.chars().count() + space.len();
        if rng.percent(8) {
            text.push_str(if wide { "。" } else { "." });
        }
        // names, numbers, typing errors: what makes an index grow
        if rng.percent(4) {
            text.push_str(&format!("{space}{:x}", rng.skewed(1 << 20)));
        }
        text.push_str(space);
    }
    text.trim_end().to_owned()
}
